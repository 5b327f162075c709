import { assert, assertEquals } from "@std/assert";
import { keys } from "@/lib/store/keys.ts";
import { createEvents, MAX_PAGE_BYTES } from "@/lib/store/events.ts";
import type { Kv } from "@/lib/store/kv.ts";
import { SESSION } from "../engine/support/story.ts";
import { output, Place } from "./support.ts";

const decoder = new TextDecoder();

/** A session with many events in chunks of many sizes; the lines that were told. */
async function filled(place: Place, total: number): Promise<string> {
  let told = "";
  place.store.writer.onCommit((commit) => {
    told += decoder.decode(commit.lines);
  });
  await place.create(SESSION);
  for (let n = 0; n < total;) {
    const some = Math.min(1 + n % 700, 60, total - n);
    await place.append(SESSION, Array.from({ length: some }, () => output(`line ${++n} ${"é".repeat(n % 90)}`)));
  }
  return told;
}
async function replayed(place: Place, after = 0): Promise<string> {
  let text = "";
  let next = after + 1;
  for await (const chunk of place.store.events.chunks(SESSION, after)) {
    assertEquals(chunk.first_seq, next);
    assertEquals(decoder.decode(chunk.lines).split("\n").length - 1, chunk.last_seq - chunk.first_seq + 1);
    text += decoder.decode(chunk.lines);
    next = chunk.last_seq + 1;
  }
  return text;
}
const chunksOf = (place: Place) => Array.fromAsync(place.kv.list({ prefix: keys.events(SESSION) }));

Deno.test("[EV-BYTES] 20,000 events read back byte for byte, from any cursor; compaction keeps bytes and seqs", async () => {
  await using place = await Place.open();
  const told = await filled(place, 20_000);
  assertEquals(await replayed(place), told);
  const before = (await chunksOf(place)).length;
  const removed = await place.store.events.compact(SESSION);
  const after = await chunksOf(place);
  assertEquals(after.length, before - removed);
  const bytes = new TextEncoder().encode(told).length;
  assert(after.length <= Math.ceil(bytes / 45_000), `${after.length} chunks for ${bytes} bytes`);
  assertEquals(await replayed(place), told);
  const lines = told.split("\n");
  for (const cursor of [1, 2, 999, 19_990]) {
    assertEquals(await replayed(place, cursor), lines.slice(cursor).join("\n"));
  }
  assertEquals(await replayed(place, 50_000), "");
  assertEquals(await place.store.events.compact(SESSION), 0);
});

Deno.test("[EV-CHUNK] 60 KB and one line begin a new chunk", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  const { first_seq } = await place.append(SESSION, [
    output("x".repeat(30_000)),
    output("y".repeat(29_000)),
    output("z".repeat(900)),
  ]);
  const chunks = (await chunksOf(place)).slice(-2);
  assertEquals(chunks.map(({ key }) => key[2]), [first_seq, first_seq! + 2]);
  assertEquals((await place.store.events.page(SESSION, { after: first_seq!, limit: 10 }))?.lines.length, 2);
});

Deno.test("[EV-PAGE] pages after a cursor: at most limit and 1 MiB, next_after is the last seq looked at", async () => {
  assertEquals(MAX_PAGE_BYTES, 1_048_576);
  await using place = await Place.open();
  await filled(place, 500);
  const { events } = place.store;
  const head_seq = await events.headSeq(SESSION);
  assert(head_seq !== null);
  const seqs: number[] = [];
  for (let after = 0; after < head_seq;) {
    const page = await events.page(SESSION, { after, limit: 33 });
    assert(page !== null && page.lines.length <= 33);
    seqs.push(...page.lines.map((line) => JSON.parse(line).seq));
    assertEquals(page.next_after, seqs.at(-1));
    after = page.next_after;
  }
  assertEquals(seqs, Array.from({ length: head_seq }, (_, i) => i + 1));
  await place.append(SESSION, Array.from({ length: 40 }, () => output("x".repeat(40_000))).slice(0, 3));
  for (let i = 0; i < 12; i++) await place.append(SESSION, Array(3).fill(output("x".repeat(40_000))));
  const large = await events.page(SESSION, { after: head_seq, limit: 1000 });
  const bytes = large!.lines.reduce((sum, line) => sum + line.length, 0);
  assert(bytes <= MAX_PAGE_BYTES && large!.lines.length === 26, `${large!.lines.length} lines`);
});

Deno.test("[EV-PAGE] types: seqs jump, the cursor moves past what does not match", async () => {
  await using place = await Place.open();
  await filled(place, 300);
  await place.append(SESSION, [{ event_type: "warning", run_id: null, data: { code: "c", message: "m" } }]);
  await place.append(SESSION, [output("last")]);
  const { events } = place.store;
  const head = await events.headSeq(SESSION);
  const page = await events.page(SESSION, { after: 0, limit: 10, types: ["warning"] });
  assertEquals(page?.lines.map((line) => JSON.parse(line).event_type), ["warning"]);
  assertEquals(page?.next_after, head);
  const full = await events.page(SESSION, { after: 0, limit: 2, types: ["output"] });
  assertEquals(full?.next_after, JSON.parse(full!.lines[1]!).seq);
});

Deno.test("[EV-PAGE] pages before a seq: the last ones, ascending, also by type", async () => {
  await using place = await Place.open();
  await filled(place, 900);
  const { events } = place.store;
  const seqs = (page: { lines: string[] } | null) => page?.lines.map((line) => JSON.parse(line).seq);
  assertEquals(seqs(await events.page(SESSION, { before: 11, limit: 3 })), [8, 9, 10]);
  assertEquals(seqs(await events.page(SESSION, { before: 3, limit: 50 })), [1, 2]);
  assertEquals(seqs(await events.page(SESSION, { before: 1, limit: 50 })), []);
  const head = await events.headSeq(SESSION);
  assertEquals(seqs(await events.page(SESSION, { before: 1e9, limit: 2 })), [head! - 1, head]);
  const first = await events.page(SESSION, { before: 1e9, limit: 5, types: ["workflow_state_changed"] });
  assert(seqs(first)!.length >= 1 && seqs(first)!.every((seq) => seq < 10));
});

Deno.test("[EV-TORN] a list that misses a chunk in its middle is noticed, and the reader seeks again", async () => {
  await using place = await Place.open();
  const told = await filled(place, 3000);
  let torn = 0;
  const kv: Kv = {
    ...place.kv,
    async *list(selector, options) {
      let n = 0;
      for await (const entry of place.kv.list(selector, options)) {
        // As a compaction between two batches would: the list goes on after chunks that are not there any more.
        if (!options?.reverse && ++n === 4 && torn < 15) {
          torn++;
          continue;
        }
        yield entry;
      }
    },
  };
  let text = "";
  for await (const chunk of createEvents(kv).chunks(SESSION, 0)) text += decoder.decode(chunk.lines);
  assertEquals(torn, 15);
  assertEquals(text, told);
});

Deno.test("[EV-GONE] a session that is unknown or deleted has no log", async () => {
  await using place = await Place.open();
  const { events } = place.store;
  assertEquals(await events.headSeq(SESSION), null);
  assertEquals(await events.page(SESSION, { after: 0, limit: 10 }), null);
  assertEquals(await Array.fromAsync(events.chunks(SESSION, 0)), []);
});

Deno.test("[EV-COMPACT] compaction stops behind a delete and where another writes", async () => {
  await using place = await Place.open();
  await filled(place, 200);
  const [first] = await chunksOf(place);
  const gate = await place.kv.get(keys.gate(SESSION));
  await place.kv.atomic().delete(gate.key).commit();
  assertEquals(await place.store.events.compact(SESSION), 0);
  await place.kv.atomic().set(gate.key, gate.value).set(first!.key, first!.value).commit();
  assert(await place.store.events.compact(SESSION) > 0);
});

Deno.test("[EV-COMPACT] what is deleted or written between its reads and its commit is not replaced", async () => {
  for (const race of ["delete", "write"] as const) {
    await using place = await Place.open();
    await filled(place, 200);
    const { kv } = place;
    const chunks = await chunksOf(place);
    const [, second] = chunks;
    let raced = false;
    const racing: Kv = {
      ...kv,
      atomic() {
        const op = kv.atomic();
        const commit = op.commit.bind(op);
        op.commit = async () => {
          const other = kv.atomic();
          if (race === "delete") other.delete(keys.gate(SESSION));
          else other.set(second!.key, second!.value);
          if (!raced) await other.commit();
          raced = true;
          return await commit();
        };
        return op;
      },
    };
    assertEquals(await createEvents(racing).compact(SESSION), 0, race);
    assertEquals((await chunksOf(place)).length, chunks.length, race);
  }
});
