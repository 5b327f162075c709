import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { ApprovalType, Verb, VERBS } from "@/lib/model/approval.ts";
import { buttonsOf } from "@/lib/ui/approval/verbs.ts";
import { sampleApproval } from "../../client/samples.ts";

const buttons = (allowed: readonly Verb[], changes = 0) =>
  buttonsOf(sampleApproval({ allowed: [...allowed] }), changes).map(({ verb, word, key, tone }) =>
    [verb, word, key ?? "", tone].join(" | ")
  );
const some = fc.constantFrom(...ApprovalType.options).chain((type) => fc.subarray([...VERBS[type]], { minLength: 1 }));
const any = fc.oneof(some, fc.subarray([...Verb.options]));

Deno.test("[VB1] each verb that is allowed is one button and no other is, whatever the kind", () => {
  fc.assert(
    fc.property(any, fc.nat(3), (allowed, changes) => {
      const shown = buttonsOf(sampleApproval({ allowed }), changes).map((button) => button.verb);
      assertEquals(new Set(shown).size, shown.length);
      assert(shown.every((verb) => allowed.includes(verb)));
      const left = allowed.filter((verb) => !shown.includes(verb));
      const edited = changes > 0 && allowed.includes("modified");
      const inPlace = allowed.includes("approved") ? ["approved"] : allowed.includes("retry") ? ["retry"] : [];
      assertEquals(left.toSorted(), edited ? inPlace : allowed.filter((verb) => verb === "modified"));
    }),
    { seed: 7 },
  );
});

Deno.test("[VB1] no key and no accent stands on two buttons, and the first answer has the accent", () => {
  fc.assert(
    fc.property(any, fc.nat(3), (allowed, changes) => {
      const shown = buttonsOf(sampleApproval({ allowed }), changes);
      const keys = shown.flatMap((button) => button.key ?? []);
      assertEquals(new Set(keys).size, keys.length);
      const accents = shown.flatMap((button, i) => button.tone === "accent" ? [i] : []);
      assert(accents.length === 0 || (accents.length === 1 && accents[0] === 0));
      assert(shown.every((button) => button.word !== ""));
    }),
    { seed: 7 },
  );
});

Deno.test("[VB1] the buttons of a plan, a tool call, a permission, an error and a question", () => {
  assertEquals(buttons(["approved", "rejected", "modified"]), [
    "approved | Approve | a | accent",
    "rejected | Reject | r | line",
  ]);
  assertEquals(buttons(VERBS.permission), [
    "approved | Approve | a | accent",
    "approved_session | Approve for this session |  | line",
    "rejected | Reject | r | line",
    "rejected_always | Reject always |  | line",
  ]);
  assertEquals(buttons(VERBS.error_recovery), [
    "retry | Try again | a | accent",
    "skip | Skip it |  | line",
    "abort | Stop the task |  | danger",
  ]);
  assertEquals(buttons(VERBS.input), ["answered | Send answer |  | accent", "rejected | Reject | r | line"]);
  assertEquals(buttons(VERBS.plan_approval).slice(0, 2), [
    "approved | Approve | a | accent",
    "retry | Try again |  | line",
  ]);
});

Deno.test("[VB2] an edited subject is sent in place of approving, with its changes counted", () => {
  assertEquals(buttons(["approved", "rejected", "modified"], 1)[0], "modified | Approve with 1 change | a | accent");
  assertEquals(buttons(["approved", "modified", "retry"], 4), [
    "modified | Approve with 4 changes | a | accent",
    "retry | Try again |  | line",
  ]);
  assertEquals(buttons(VERBS.error_recovery, 2)[0], "modified | Try again with 2 changes | a | accent");
  assertEquals(buttons(["modified", "rejected"], 2)[0], "modified | Approve with 2 changes | a | accent");
  assertEquals(buttons(["modified", "rejected"]), ["rejected | Reject | r | line"]);
  assertEquals(buttons(["approved", "rejected"], 2)[0], "approved | Approve | a | accent");
});

Deno.test("[VB3] a sum that was typed is sent with the yes, in words of its own, and rests while it does not fit", () => {
  const budget = sampleApproval({
    approval_type: "permission",
    allowed: ["approved", "rejected"],
    context: { right: "budget", unit: "usd", limit: 1, raise_to: 2 },
    modifications_schema: { type: "object", properties: { raise_to: { type: "number", minimum: 1, maximum: 9 } } },
  });
  const shown = (changes: number) => buttonsOf(budget, changes).map(({ verb, word, edited }) => [verb, word, edited]);
  assertEquals(shown(0), [["approved", "Raise the limit", undefined], ["rejected", "Reject", undefined]]);
  assertEquals(shown(1), [["approved", "Raise to this limit", true], ["rejected", "Reject", undefined]]);
});
