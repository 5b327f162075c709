// Blobs that come before their commit, and the provisional row of a session that does not exist yet.
import { assert, assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { readBlob } from "@/lib/store/blobs.ts";
import type { Kv } from "@/lib/store/kv.ts";
import { keys } from "@/lib/store/keys.ts";
import { decodeRow, encodeRow } from "@/lib/store/mutation.ts";
import { blobRows, toBlob } from "@/lib/store/writer/spill.ts";
import { stageBlobs, TrashMark, writeBehind } from "@/lib/store/writer/stage.ts";
import { openWriter } from "@/lib/store/writer/writer.ts";
import { type Toy, toyAggregate } from "./toy.ts";
import { VirtualClock } from "./virtual_clock.ts";

const LARGE = "0123456789".repeat(50_000);

async function desk(kv: Deno.Kv) {
  const options = {
    kv: kv as unknown as Kv,
    aggregate: toyAggregate,
    clock: new VirtualClock(),
    ids: { uuid: () => "w-1", token: () => "" },
    remote: false,
    instance: "i",
  };
  const writer = await openWriter<Toy>(options);
  const submit = (op: string, message: string, refuse = () => false) =>
    writer.submit<string>({
      session_id: "s-1",
      outside: [],
      urgent: true,
      owner: "person",
      decide: ({ state }) => {
        if (refuse()) throw new AppError("wrong_state", "changed my mind");
        const events = [{ event_type: "warning" as const, run_id: null, data: { code: op, message } }];
        return { commit: true, state: { ...state, ops: [...state.ops, op] }, events, reply: op };
      },
    });
  return { writer, submit };
}
async function refIn(kv: Deno.Kv): Promise<string> {
  const chunk = await kv.get<Uint8Array>(keys.chunk("s-1", 1));
  return JSON.parse(new TextDecoder().decode(chunk.value!)).data.message.$blob.digest;
}

Deno.test("[WR-STAGE] what is larger than a command lies in blobs before its commit; reading gives it whole", async () => {
  using kv = await Deno.openKv(":memory:");
  const { writer, submit } = await desk(kv);
  await submit("a", LARGE);
  const blob = await readBlob(kv as unknown as Kv, "s-1", await refIn(kv));
  assertEquals(new TextDecoder().decode(blob!.bytes), LARGE);
  assertEquals((await kv.get(keys.trash("s-1"))).versionstamp, null, "the creating commit took the provisional row");
  assertEquals((await submit("b", LARGE + "b")).first_seq, 2);
  await writer.close();
});

Deno.test("[WR-STAGE] blobs of a session that is not created after all are left to the sweeper", async () => {
  using kv = await Deno.openKv(":memory:");
  const { writer, submit } = await desk(kv);
  let decided = 0;
  await assertRejects(() => submit("a", LARGE, () => ++decided > 1), AppError, "changed my mind");
  await writer.close();
  assertEquals(decodeRow(TrashMark, await kv.get(keys.trash("s-1"))), {});
  assertEquals((await kv.get(keys.head("s-1"))).versionstamp, null);
});

Deno.test("[WR-STAGE] a session under whose id something is swept is not created", async () => {
  using kv = await Deno.openKv(":memory:");
  const { writer, submit } = await desk(kv);
  await kv.set(keys.trash("s-1"), encodeRow({}));
  assertEquals((await assertRejects(() => submit("a", "small"), AppError)).code, "busy");
  assertEquals((await assertRejects(() => submit("b", LARGE), AppError)).code, "busy");
  await writer.close();
});

Deno.test("[WR-STAGE] no part is written behind a delete; a fence that moves stops none", async () => {
  using raw = await Deno.openKv(":memory:");
  const kv = raw as unknown as Kv;
  const rows = blobRows("s-1", toBlob(LARGE).blob);
  const alive = { session_id: "s-1", alive: true, provisional: null, writer_id: "w-1" };
  assertEquals(await stageBlobs(kv, alive, rows), { kind: "moved" });
  assertEquals((await Array.fromAsync(raw.list({ prefix: [] }))).length, 0);
  await raw.set(keys.gate("s-1"), encodeRow({ fence: 1 }));
  const stale = (await raw.get(keys.gate("s-1"))).versionstamp;
  await raw.set(keys.gate("s-1"), encodeRow({ fence: 2 }));
  assertEquals(await writeBehind(kv, { key: keys.gate("s-1"), stamp: stale }, rows), false);
  assertEquals((await stageBlobs(kv, alive, rows)).kind, "done");
  assert((await Array.fromAsync(raw.list({ prefix: keys.blob("s-1", toBlob(LARGE).blob.digest) }))).length === 10);
});
