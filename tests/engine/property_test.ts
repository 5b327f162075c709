// Random sequences of everything that can be said to a session. After each decision the laws of support/laws.ts hold.
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { apply, EMPTY_VIEW } from "../../lib/engine/view.ts";
import { gatesOf, isDropped } from "../../lib/engine/open.ts";
import { YES } from "../../lib/model/approval.ts";
import { isFinal } from "../../lib/model/run.ts";
import { type Act, ACTS, anyAct } from "./support/acts.ts";
import { OWNER, Story, SYSTEM } from "./support/story.ts";

const SEED = 20260105;
const sequences = (count: number) => ({ seed: SEED, numRuns: count, endOnFailure: true });
const acts = fc.array(anyAct, { minLength: 20, maxLength: 120, size: "max" });

const AT_GATES = ["gated", "gated", "want", "answer", "answer", "begin", "end", "scope", "cancel", "start"] as const;
/** Sequences around few leaves and their gates, so that answers meet who waits for them. */
const gates = fc.array(
  fc.record({
    name: fc.constantFrom(...AT_GATES),
    a: fc.constantFrom(0, 1, 14, 15),
    b: fc.constantFrom(1, 2, 4, 5, 10),
    wait_s: fc.constantFrom(0, 0, 1),
  }),
  { minLength: 20, maxLength: 120, size: "max" },
);

function play(sequence: readonly Act[], each: (story: Story) => void = () => {}): Story {
  const story = new Story();
  story.settings = { ...story.settings, output_bytes: 600 };
  story.create().start().claim().begun();
  for (const act of sequence) {
    story.after(act.wait_s);
    const before = story.state;
    const decision = ACTS[act.name](story, act);
    if (decision === null || !decision.ok || "same" in decision) assertEquals(story.state, before);
    each(story);
  }
  return story;
}

Deno.test("[ENG-X1] whatever is said in whatever order, the laws of the engine hold", () => {
  const reached = new Set<string>();
  fc.assert(
    fc.property(acts, (sequence) => {
      play(sequence, (story) => reached.add(`${story.state.run?.status}/${story.state.session?.status}`));
    }),
    sequences(400),
  );
  for (const status of ["queued", "running", "waiting", "paused", "completed", "failed", "cancelled"]) {
    assert([...reached].some((one) => one.startsWith(`${status}/`)), `no sequence came to ${status}`);
  }
});

Deno.test("[ENG-X2] at most one run is not over, and no run changes after its end", () => {
  fc.assert(
    fc.property(acts, (sequence) => {
      const over = new Map<string, string>();
      const story = play(sequence, ({ state: { run } }) => {
        if (run === null) return;
        if (over.has(run.run_id)) assertEquals(run.status, over.get(run.run_id));
        if (isFinal(run)) over.set(run.run_id, run.status);
      });
      const completes = story.events.filter((event) => event.event_type === "complete").map((event) => event.run_id);
      assertEquals(new Set(completes).size, completes.length);
      for (const run_id of completes) {
        const last = story.events.findLast((event) => event.run_id === run_id);
        assertEquals(last?.event_type, "complete");
      }
    }),
    sequences(150),
  );
});

Deno.test("[ENG-X3] events folded one by one are the view that was folded commit by commit", () => {
  fc.assert(
    fc.property(acts, (sequence) => {
      const story = play(sequence);
      assertEquals(story.events.map((event) => event.seq), story.events.map((_, at) => at + 1));
      assertEquals(story.events.reduce(apply, EMPTY_VIEW), story.view);
    }),
    sequences(60),
  );
});

Deno.test("[ENG-X4] from wherever a session stands its run can be cancelled and the session deleted", () => {
  fc.assert(
    fc.property(acts, (sequence) => {
      const story = play(sequence);
      const { run } = story.state;
      if (run !== null && !isFinal(run)) {
        story.ok(OWNER, { type: "cancel_run", run_id: run.run_id });
        const fence = story.state.run?.status === "running" ? story.fence : null;
        story.ok(SYSTEM, { type: "settle_run", run_id: run.run_id, fence });
        assertEquals(story.state.run?.status, "cancelled");
      }
      story.ok(OWNER, { type: "delete_session" });
      assertEquals(story.state.head.deleted, true);
    }),
    sequences(100),
  );
});

Deno.test("[ENG-X5] no answer and no time that has come leaves a run waiting", () => {
  fc.assert(
    fc.property(acts, (sequence) => {
      play(sequence, ({ state }) => {
        if (state.run?.status !== "waiting") return;
        const open = [...state.entries.values()].filter((entry) => entry.status === "open");
        assert(open.length > 0, "a waiting run has an open wait");
        for (const entry of state.entries.values()) {
          const unused = entry.kind === "gate" && entry.status === "done" && entry.used !== true;
          assert(!unused || isDropped(state, entry.scope), "the answer to a gate is used before its run waits again");
        }
        for (const entry of open) {
          if (entry.approval_id === undefined) continue;
          const status = state.approvals.get(entry.approval_id)?.status;
          assert(status === "pending" || status === "cancelled", "the wait of an answered approval is settled");
        }
      });
    }),
    sequences(150),
  );
});

Deno.test("[ENG-X6] no leaf begins at a gate that was not let through, and an answer is used once", () => {
  let passed = 0;
  fc.assert(
    fc.property(gates, (sequence) => {
      const used = new Set<string>();
      play(sequence, ({ state }) => {
        if (state.run === null || isFinal(state.run)) return used.clear();
        for (const gate of state.entries.values()) {
          if (gate.kind !== "gate" || gate.status !== "done" || gate.used !== true || used.has(gate.key)) continue;
          used.add(gate.key);
          const row = state.approvals.get(gate.approval_id ?? "");
          const said = row?.status === "resolved" || row?.status === "expired" ? row.resolution : null;
          const key = gate.key.replace(/\/gate(#\d+)?$/, "");
          const entry = state.entries.get(key);
          if (said !== null && YES.has(said)) passed++;
          else assert(entry?.status !== "open" || gatesOf(state, key).length > 1, `${key} began without a yes`);
        }
      });
    }),
    sequences(200),
  );
  assert(passed > 20, `only ${passed} gates were passed`);
});
