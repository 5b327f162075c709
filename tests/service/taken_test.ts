// A sandbox whose run another instance has taken away: how soon it is killed, whatever it still says.
import { assertEquals } from "@std/assert";
import { parseConfig } from "@/lib/config.ts";
import { decide } from "@/lib/engine/decide.ts";
import type { SystemCommand } from "@/lib/model/command.ts";
import { engineSettings } from "@/lib/service/create.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

/** Says a command of the machinery as another instance, through that instance's own writer. */
async function sayElsewhere(world: World, session_id: string, command: SystemCommand): Promise<void> {
  const principal = { kind: "system", instance: "elsewhere" } as const;
  await world.store.writer.submit({
    session_id,
    outside: [],
    urgent: true,
    owner: "run",
    decide: ({ state, now }) => {
      const decision = decide(state, principal, command, {
        now,
        settings: engineSettings(parseConfig({})),
        outside: {},
      });
      if (!decision.ok || "same" in decision) throw new Error(`${command.type} changed nothing`);
      return { commit: true, state: decision.state, events: decision.events, reply: null };
    },
  });
}

/** A run that executes on the first of two instances, in a step that ends when it is told. */
async function executing(first: World) {
  const { session_id, run_id } = await first.holdfast.startTask(ADMIN, { task: "T", config: { mode: "held" } });
  await first.until(async () => (await first.state(session_id)).entries.get("held")?.status === "open");
  const second = await first.next();
  // It only writes: what is taken is executed by nobody else in this process.
  await second.holdfast.drain();
  const { head: { fence } } = await first.state(session_id);
  const take = () => {
    const requeue = { type: "requeue_run", run_id, fence, reason: "takeover", loss: true, why: "taken" } as const;
    return sayElsewhere(second, session_id, requeue);
  };
  const claim = () => sayElsewhere(second, session_id, { type: "claim_run", run_id });
  return { session_id, take, claim };
}

function held() {
  const end = Promise.withResolvers<string>();
  return { end: () => end.resolve("late"), it: workflow("held", (ctx) => ctx.step("held", () => end.promise)) };
}

Deno.test("[INS8] the first word of a sandbox under an old fence is refused, and it is killed at once", async () => {
  const { it, end } = held();
  await using first = await openWorld({ workflows: [it], shared: true });
  const { session_id, take, claim } = await executing(first);
  await take();
  await claim();
  const before = (await first.state(session_id)).head.head_seq;
  assertEquals(first.sandboxes.alive.length, 1, "nobody has told it yet");
  end();
  await first.until(() => first.sandboxes.alive.length === 0, "the sandbox was killed without any time passing");
  const { head, entries } = await first.state(session_id);
  assertEquals([head.head_seq, entries.get("held")?.status], [before, "open"], "nothing of it was heard");
});

Deno.test("[INS9] a silent sandbox whose run is queued again, or executed elsewhere, is killed within a second", async () => {
  for (const claimed of [false, true]) {
    const { it } = held();
    await using first = await openWorld({ workflows: [it], shared: true });
    const { take, claim } = await executing(first);
    await take();
    if (claimed) await claim();
    await first.pass(1_250);
    await first.until(
      () => first.sandboxes.started[0]?.alive === false,
      `the sandbox was killed (claimed: ${claimed})`,
    );
  }
});
