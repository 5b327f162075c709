import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import fc from "fast-check";
import { howToAnswer, refusal, verbOf, yesOf } from "@/lib/cli/answer.ts";
import { ClientError } from "@/lib/client/api.ts";
import { ApprovalType, Verb, VERBS, YES } from "@/lib/model/approval.ts";
import { uuid } from "../client/samples.ts";

const allowed = fc.subarray([...Verb.options], { minLength: 1 }).chain((all) =>
  fc.shuffledSubarray(all, { minLength: all.length })
);

Deno.test("[AW1] the yes of --approve-all is one that is allowed and needs nothing beside it, else there is none", () => {
  fc.assert(
    fc.property(allowed, (verbs) => {
      const plain = verbs.filter((verb) => YES.has(verb) && verb !== "modified" && verb !== "answered");
      const yes = yesOf({ allowed: verbs });
      if (yes === null) assertEquals(plain, []);
      else assert((plain as string[]).includes(yes.resolution) && Object.keys(yes).length === 1);
    }),
    { seed: 7 },
  );
});

Deno.test("[AW1] of several ways to say yes it takes the one that grants least, whatever their order", () => {
  assertEquals(yesOf({ allowed: ["approved_session", "approved", "rejected"] }), { resolution: "approved" });
  assertEquals(yesOf({ allowed: ["skip", "retry", "abort"] }), { resolution: "retry" });
  assertEquals(yesOf({ allowed: ["approved_session", "skip"] }), { resolution: "approved_session" });
  assertEquals(yesOf({ allowed: ["answered", "rejected"] }), null);
  assertEquals(yesOf({ allowed: ["modified", "abort"] }), null);
});

Deno.test("[AW2] approve, reject and edit mean a verb that the approval allows, wherever it has one", () => {
  for (const type of ApprovalType.options) {
    const all = { allowed: [...VERBS[type]] };
    if (type !== "input") assert(YES.has(verbOf("approve", all)) && all.allowed.includes(verbOf("approve", all)), type);
    assert(all.allowed.includes(verbOf("reject", all)) && !YES.has(verbOf("reject", all)), type);
  }
  assertEquals(verbOf("approve", { allowed: ["retry", "skip", "abort"] }), "retry");
  assertEquals(verbOf("reject", { allowed: ["retry", "skip", "abort"] }), "abort");
  assertEquals(verbOf("edit", { allowed: ["approved", "modified"] }), "modified");
  assertEquals(verbOf("edit", { allowed: ["answered", "rejected"] }), "answered");
});

Deno.test("[AW2] where an approval allows none of it, the word's own verb is sent and the server says no", () => {
  assertEquals(verbOf("approve", { allowed: ["answered", "rejected"] }), "approved");
  assertEquals(verbOf("reject", { allowed: ["retry"] }), "rejected");
  assertEquals(verbOf("edit", { allowed: ["approved"] }), "modified");
});

Deno.test("[AW2] how to answer names a command that works for the kind of question", () => {
  assertEquals(
    howToAnswer({ allowed: ["approved", "rejected"], approval_id: uuid(9) }),
    `Answer with: deno task cli approvals approve ${uuid(9)}`,
  );
  assertStringIncludes(
    howToAnswer({ allowed: ["answered"], approval_id: uuid(9) }),
    `approvals edit ${uuid(9)} --with -`,
  );
});

Deno.test("[TM1] a refusal is the server's text with the paths that do not fit, made harmless", () => {
  const problem = {
    type: "t",
    title: "t",
    status: 422,
    detail: "d",
    code: "invalid",
    request_id: "r",
    errors: [{ path: "config.\x1b[2J", message: "Unknown\r key" }],
  };
  assertEquals(
    refusal(new ClientError(422, "invalid", "No \x1b[31mway\x07", problem)),
    "No way␇\n  config.␛[2J: Unknown␍ key",
  );
  assertEquals(refusal(new ClientError(500, "bad_answer", "x")), "x");
});
