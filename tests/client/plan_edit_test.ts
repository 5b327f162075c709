import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import fc from "fast-check";
import {
  addStep,
  changesOf,
  complaintOf,
  type DiffLine,
  diffOf,
  draftOf,
  editStep,
  moveStep,
  moveTo,
  type PlanDraft,
  putBack,
  removeStep,
} from "@/lib/client/plan_edit.ts";
import { Plan, type PlanStep } from "@/lib/model/plan.ts";

const step = (id: string, patch: Partial<PlanStep> = {}): PlanStep => ({
  id,
  title: `Do ${id}`,
  description: `How ${id}\nis done`,
  agent: "engineer",
  ...patch,
});
function draft(...ids: string[]): PlanDraft {
  const made = draftOf(JSON.parse(JSON.stringify({ steps: ids.map((id) => step(id)) })));
  assert(made !== null);
  return made;
}
const ids = (plan: PlanDraft) => plan.steps.map((one) => one.id);

/** Plans whose texts are often alike, so that a difference has something to choose from. */
const word = fc.constantFrom("a", "b", "c", "a\nb", "b\n\nb", " a");
const plans = fc.uniqueArray(fc.constantFrom(..."pqrstuvw"), { minLength: 1 }).chain((all) =>
  fc.tuple(...all.map((id) =>
    fc.record({
      title: word,
      description: fc.oneof(word, fc.constant("")),
      agent: fc.constantFrom("engineer" as const, "researcher" as const),
      asks: fc.constantFrom(true, false, undefined),
    }).map(({ asks, ...rest }): PlanStep => ({ id, ...rest, ...(asks === undefined ? {} : { asks }) }))
  ))
).map((steps): PlanDraft => ({ original: steps, steps, added: 0 }));

type Edit = (plan: PlanDraft) => PlanDraft;
const edits = fc.array(
  fc.tuple(fc.constantFrom("up", "down", "to", "add", "remove", "back", "edit", "who"), fc.nat(9), word).map(
    ([what, n, text]): Edit => (plan) => {
      const here = plan.steps.at(n % Math.max(1, plan.steps.length))?.id ?? "none";
      const first = plan.original.at(n % plan.original.length)?.id ?? "none";
      switch (what) {
        case "up":
        case "down":
          return moveStep(plan, here, what === "up" ? -1 : 1);
        case "to":
          return moveTo(plan, here, n - 2);
        case "add":
          return addStep(plan);
        case "remove":
          return removeStep(plan, here);
        case "back":
          return putBack(plan, first);
        case "edit":
          return editStep(plan, here, { title: text });
        default:
          return editStep(plan, here, { agent: n % 2 === 0 ? "engineer" : "researcher" });
      }
    },
  ),
  { maxLength: 25, size: "max" },
);

Deno.test("[PE1] ids stay unique over every edit, and a step keeps its own", () => {
  fc.assert(
    fc.property(plans, edits, (plan, script) => {
      const had = new Set(ids(plan));
      let now = plan;
      for (const edit of script) {
        const before = now;
        now = edit(now);
        assertEquals(new Set(ids(now)).size, now.steps.length);
        assertStrictEquals(now.original, plan.original);
        const fresh = ids(now).filter((id) => !ids(before).includes(id) && !plan.original.some((one) => one.id === id));
        for (const id of fresh) assert(!had.has(id), `${id} was given before`);
        for (const id of ids(now)) had.add(id);
      }
    }),
    { seed: 7 },
  );
});

Deno.test("[PE1] an added id is new though an added step was removed, or the plan has one of that name", () => {
  let plan = draft("added-1", "b");
  plan = addStep(plan);
  const [, , first] = ids(plan);
  plan = addStep(removeStep(plan, first ?? ""));
  assertEquals(ids(plan), ["added-1", "b", "added-3"]);
  assertEquals(first, "added-2");
});

Deno.test("[PE1] a plan with two steps of one id, or no plan at all, cannot be edited", () => {
  for (
    const subject of [{ steps: [step("a"), step("a")] }, { steps: [] }, null, "plan", [], { steps: [{ id: "a" }] }]
  ) {
    assertEquals(draftOf(JSON.parse(JSON.stringify(subject))), null);
  }
});

Deno.test("[PE3] moving goes one place or to a place, and stops at the border", () => {
  const plan = draft("a", "b", "c");
  assertEquals(ids(moveStep(plan, "a", 1)), ["b", "a", "c"]);
  assertEquals(ids(moveTo(plan, "c", 0)), ["c", "a", "b"]);
  for (const still of [moveStep(plan, "a", -1), moveStep(plan, "c", 1), moveTo(plan, "a", 3), moveTo(plan, "x", 0)]) {
    assertStrictEquals(still, plan);
  }
});

Deno.test("[PE3] whatever is removed comes back where it stood, in any order of putting back", () => {
  fc.assert(
    fc.property(plans, fc.array(fc.nat(9)), fc.infiniteStream(fc.nat()), (plan, gone, chance) => {
      let now = plan;
      for (const n of gone) now = removeStep(now, now.steps.at(n % Math.max(1, now.steps.length))?.id ?? "");
      const removed = changesOf(now).removed.map((one) => one.id);
      while (removed.length > 0) {
        const n = Number(chance.next().value) % removed.length;
        now = putBack(now, removed.splice(n, 1)[0] ?? "");
      }
      assertEquals(now.steps, plan.original);
      assertEquals(changesOf(now).total, 0);
    }),
    { seed: 7 },
  );
});

Deno.test("[PE3] putting back what is there, or was never there, changes nothing", () => {
  const plan = draft("a", "b");
  assertStrictEquals(putBack(plan, "a"), plan);
  assertStrictEquals(putBack(addStep(plan), "added-1").steps.length, 3);
});

Deno.test("[PE2] each step counts once: added, removed, changed or moved", () => {
  fc.assert(
    fc.property(plans, edits, (plan, script) => {
      const now = script.reduce((one, edit) => edit(one), plan);
      const { added, removed, changed, moved, total } = changesOf(now);
      const all = [...added, ...removed.map((one) => one.id), ...changed, ...moved.keys()];
      assertEquals(new Set(all).size, all.length);
      assertEquals(total, all.length);
      for (const [id, from] of moved) assertEquals(plan.original[from - 1]?.id, id);
      for (const one of now.steps) {
        const old = plan.original.find(({ id }) => id === one.id);
        if (!all.includes(one.id)) assertEquals({ asks: undefined, ...one }, { asks: undefined, ...old });
      }
    }),
    { seed: 7 },
  );
});

Deno.test("[PE2] one step carried over many is one move, and so is its way back none", () => {
  const plan = draft("a", "b", "c", "d", "e");
  const carried = moveTo(plan, "a", 4);
  assertEquals([...changesOf(carried).moved], [["a", 1]]);
  assertEquals(changesOf(moveTo(carried, "a", 0)).total, 0);
});

Deno.test("[PE2] the moves are the fewest that explain the order", () => {
  const orders = fc.constantFrom(4, 5, 6).chain((n) =>
    fc.shuffledSubarray([..."abcdef"].slice(0, n), { minLength: n })
  );
  fc.assert(
    fc.property(orders, (order) => {
      const sorted = order.toSorted();
      const plan = draft(...sorted);
      const steps = order.map((id) => plan.original[sorted.indexOf(id)]!);
      const { moved } = changesOf({ ...plan, steps });
      assertEquals(moved.size, order.length - longestRun(order));
    }),
    { seed: 7 },
  );
});

/** Length of the longest subsequence in order, by trying all of them. */
function longestRun(order: readonly string[]): number {
  const masks = Array.from({ length: 2 ** order.length }, (_, mask) => order.filter((_, i) => mask & (1 << i)));
  return Math.max(...masks.filter((run) => run.join() === run.toSorted().join()).map((run) => run.length));
}

const apply = (lines: readonly DiffLine[], leave: "-" | "+") =>
  lines.filter((line) => line.sign !== leave).map((line) => line.text);
const textOf = (steps: readonly PlanStep[]) =>
  steps.flatMap((one, i) => [`${i + 1} ${one.title}`, ...(one.description ? one.description.split("\n") : [])]);

Deno.test("[PE4] the difference read one way is the plan that was asked, the other way the one that is sent", () => {
  fc.assert(
    fc.property(plans, edits, (plan, script) => {
      const now = script.reduce((one, edit) => edit(one), plan);
      const lines = diffOf(now);
      const bare = (text: string) =>
        text.replace(/^ {2}/, "").replace(/ \((engineer|researcher)(, asks you first)?\)$/, "");
      assertEquals(apply(lines, "+").map(bare), textOf(plan.original));
      assertEquals(apply(lines, "-").map(bare), textOf(now.steps));
      assertEquals(lines.flatMap((line) => line.before ?? []), apply(lines, "+").map((_, i) => i + 1));
      assertEquals(lines.flatMap((line) => line.after ?? []), apply(lines, "-").map((_, i) => i + 1));
      for (const { sign, before, after } of lines) {
        assertEquals([before === null, after === null], [sign === "+", sign === "-"]);
      }
    }),
    { seed: 7 },
  );
});

Deno.test("[PE2] a plan that did not change has no line with a sign, and a changed step has one", () => {
  fc.assert(
    fc.property(plans, edits, (plan, script) => {
      assert(diffOf(plan).every((line) => line.sign === " "));
      const now = script.reduce((one, edit) => edit(one), plan);
      const changes = changesOf(now);
      const signed = diffOf(now).some((line) => line.sign !== " ");
      if (changes.total === 0) assert(!signed);
      if (changes.added.length > 0 && changes.removed.length === 0) assert(signed);
    }),
    { seed: 7 },
  );
  const other = editStep(draft("a", "b"), "b", { agent: "researcher" });
  assertEquals(diffOf(other).filter((line) => line.sign !== " ").map((line) => line.sign + line.text), [
    "-2 Do b (engineer)",
    "+2 Do b (researcher)",
  ]);
});

Deno.test("[PE4] a huge change is not compared line by line, which would hang the page: removed, then added", () => {
  const many = (mark: string) => [...Array(3000).fill(mark), "alike", ...Array(3000).fill(mark)].join("\n");
  const plan = draft("a", "b");
  const before = editStep(plan, "b", { description: many("x") });
  const now = editStep({ ...before, original: before.steps }, "b", { description: many("y") });
  const signs = diffOf(now).map((line) => line.sign).join("");
  assertEquals(signs, " ".repeat(4) + "-".repeat(6001) + "+".repeat(6001));
  const small = editStep({ ...before, original: before.steps }, "b", { description: many("x").replace("x", "y") });
  assertEquals(diffOf(small).filter((line) => line.sign !== " ").map((line) => line.sign), ["-", "+"]);
});

Deno.test("[PE5] what keeps a plan from being sent names the step, and what is sent fits the plan", () => {
  const plan = draft("a", "b");
  assertEquals(complaintOf(plan), null);
  assertEquals(complaintOf({ ...plan, steps: [] }), "A plan needs at least one step.");
  assertEquals(complaintOf(addStep(plan)), "Step 3 needs a title.");
  assertEquals(complaintOf(editStep(plan, "b", { title: "  " })), "Step 2 needs a title.");
  assertEquals(
    complaintOf(editStep(plan, "b", { title: "x".repeat(201) })),
    "The title of step 2 is longer than 200 characters.",
  );
  assertEquals(
    complaintOf(editStep(plan, "a", { description: "x".repeat(20_001) })),
    "The description of step 1 is longer than 20000 characters.",
  );
  const many = { ...plan, steps: Array.from({ length: 51 }, (_, i) => step(`s${i}`)) };
  assertEquals(complaintOf(many), "A plan has at most 50 steps.");
});

Deno.test("[PE5] a plan without a complaint is always one that the server takes", () => {
  fc.assert(
    fc.property(plans, edits, (plan, script) => {
      const now = script.reduce((one, edit) => edit(one), plan);
      if (complaintOf(now) === null) assert(Plan.safeParse({ steps: now.steps }).success);
    }),
    { seed: 7 },
  );
});
