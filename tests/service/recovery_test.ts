import { assertEquals, assertThrows } from "@std/assert";
import type { SystemCommand } from "@/lib/model/command.ts";
import type { RunCore } from "@/lib/service/core.ts";
import { Recovery, type RecoveryParts } from "@/lib/service/recovery.ts";
import type { Outside } from "@/lib/service/submit.ts";
import { keys } from "@/lib/store/keys.ts";
import { ABSENT } from "@/lib/engine/state.ts";
import { FakeClock } from "./support/fake_clock.ts";

Deno.test("[REC1] a takeover checks the very beat that was judged: an instance that beats again keeps its run", async () => {
  const said: { command: SystemCommand; outside: Outside }[] = [];
  const core = {
    clock: new FakeClock(),
    system: { kind: "system", instance: "mine" },
    submit: (_by: unknown, _id: string, command: SystemCommand, options: { outside: Outside }) => {
      said.push({ command, outside: options.outside });
      return Promise.resolve({ reply: null, state: ABSENT });
    },
  } as unknown as RunCore;
  const lease = { run_id: "r", session_id: "s", instance: "theirs", fence: 4 };
  const parts = {
    core,
    runs: { watched: () => [], fenceOf: () => null },
    leases: { list: () => Promise.resolve([lease]) },
    beats: { judge: () => ({ dead: true, stamp: "old" }), observe: () => Promise.resolve() },
    shared: true,
  } as unknown as RecoveryParts;
  const recovery = new Recovery(parts);
  await recovery.start();
  await recovery.stop();
  const [{ command, outside }] = said as [typeof said[number]];
  assertEquals(said.length, 1);
  assertEquals([command.type, "fence" in command && command.fence], ["requeue_run", 4]);
  assertEquals(outside.keys, [keys.beat("theirs")]);
  const seen = (versionstamp: string) => ({
    entries: [{ key: keys.beat("theirs"), value: new Uint8Array(), versionstamp }],
    now: 0,
    state: ABSENT,
  });
  assertEquals(outside.read(seen("old")), {});
  assertThrows(() => outside.read(seen("new")), Error, "beats again");
});
