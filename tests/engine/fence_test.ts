// Fencing under every order of words: a sandbox that lost its run goes on talking, and nothing of it is heard.
//
// Two sandboxes carry out the same leaves, the first one also after the run was taken from it. What each was told to do
// is counted as an effect in the world.
import { assert, assertEquals, assertGreater } from "@std/assert";
import fc from "fast-check";
import type { Command } from "../../lib/model/command.ts";
import type { RunPrincipal } from "../../lib/model/principal.ts";
import { RUN, SESSION, Story, SYSTEM } from "./support/story.ts";

const LEAVES = ["a", "b", "c", "d"];

/** A sandbox that carries out the leaves one after another, as far as it is obeyed. */
class Worker {
  readonly effects: string[] = [];
  #at = 0;
  #begun = false;

  constructor(readonly name: string, readonly fence: number) {}

  /** The next thing that it says, and what it does when the host agrees. */
  speak(story: Story, skipFence: boolean): void {
    const key = LEAVES[this.#at];
    if (key === undefined) return;
    const entry = story.state.entries.get(key);
    if (!this.#begun && entry !== undefined && entry.status !== "open") {
      this.#at++;
      return;
    }
    const principal: RunPrincipal = {
      kind: "run",
      session_id: SESSION,
      run_id: RUN,
      fence: skipFence ? story.fence : this.fence,
    };
    const base = { key, scope: "", name: key, pos: this.#at, kind: "step" as const, digest: "d", policy: {} };
    const command: Command = this.#begun
      ? { type: "end_leaf", key, result: { ok: true, value: this.name }, files: [] }
      : { type: "begin_leaf", ...base };
    const decision = story.say(principal, command);
    if (!decision.ok) return;
    if (this.#begun) this.#at++;
    else this.effects.push(key);
    this.#begun = !this.#begun;
  }
}

/** Lets both talk in an order, with the takeover at a place; gives what the lost sandbox did after it lost the run. */
function play(order: readonly boolean[], takeover_at: number, skipFence: boolean) {
  const story = new Story().running();
  const lost = new Worker("lost", story.fence);
  for (let i = 0; i < takeover_at; i++) lost.speak(story, skipFence);
  const before = { effects: lost.effects.length, seq: story.state.head.head_seq };
  story.ok(SYSTEM, { type: "requeue_run", run_id: RUN, fence: story.fence, reason: "takeover", loss: true });
  story.claim("instance-b").begun({ reused_steps: story.settled() });
  const heir = new Worker("heir", story.fence);
  for (const first of order) (first ? lost : heir).speak(story, skipFence);
  for (let i = 0; i < 2 * LEAVES.length; i++) heir.speak(story, skipFence);
  const finished = LEAVES.map((key) => story.state.entries.get(key));
  return { late: lost.effects.slice(before.effects), finished, heir };
}

const schedules = fc.tuple(fc.array(fc.boolean(), { maxLength: 24 }), fc.integer({ min: 0, max: 2 * LEAVES.length }));

Deno.test("[ENG-FENCE-1] whatever a sandbox says after it lost its run, it is told to do nothing more", () => {
  fc.assert(
    fc.property(schedules, ([order, at]) => {
      const { late, finished, heir } = play(order, at, false);
      assertEquals(late, []);
      for (const entry of finished) assert(entry?.status === "done");
      const own = finished.filter((entry) => entry?.status === "done" && entry.value === "heir");
      assertEquals(heir.effects.length, own.length, "each leaf that was not finished ran once more, the others not");
    }),
    { seed: 1, numRuns: 200 },
  );
});

Deno.test("[ENG-FENCE-2] a host that skips the fence is found by the same histories", () => {
  const found = fc.check(
    fc.property(schedules, ([order, at]) => play(order, at, true).late.length === 0),
    { seed: 1, numRuns: 200 },
  );
  assert(found.failed);
  assertGreater(found.numRuns, 0);
});
