import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Json } from "../../../lib/model/json.ts";
import type { AskArgs } from "../../../lib/protocol/sandbox.ts";
import { type Ctx, Failure, z } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

const Step = z.strictObject({ id: z.string(), note: z.string().default("") });
const answer = (verb: string | null, more: Record<string, Json> = {}): Json => ({
  verb,
  value: { id: "s", note: "" },
  edited: false,
  feedback: null,
  by: "ada",
  ...more,
});
const argsOf = (box: Sandbox, key: string): AskArgs => {
  const frame = box.begin(key);
  if (frame.kind !== "approve" && frame.kind !== "ask") throw new Error("no question");
  return frame.args;
};
const subject = { id: "s", note: "" };
const plain = (ctx: Ctx) => ctx.approve("ok", { type: "step_approval", title: "T", subject });

Deno.test("[WK-ASK1] a person can always reject, and may change what has a schema", async () => {
  const box = await started((ctx) => ctx.approve("ok", { type: "step_approval", title: "T", subject, edit: Step }));
  const { allowed, modifications_schema, on_timeout, action } = argsOf(box, "ok");
  assertEquals([allowed, on_timeout, action], [["approved", "rejected", "modified"], "reject", "T"]);
  assertEquals(modifications_schema?.["required"], ["id"]);
  assertEquals(modifications_schema?.["additionalProperties"], false);
});

Deno.test("[WK-ASK2] approved gives the subject", async () => {
  const box = await started(plain);
  await box.settle("ok", answer("approved"));
  assertEquals(box.value, { verb: "approved", value: subject, edited: false, feedback: null, by: "ada" });
});

Deno.test("[WK-ASK3] an answer that allowed does not list throws rejected, with what was said", async () => {
  const box = await started(plain);
  await box.settle("ok", answer("rejected", { feedback: "too risky" }));
  assertEquals(box.failure, {
    code: "rejected",
    message: `ada said no to "T": too risky`,
    data: { verb: "rejected", feedback: "too risky", by: "ada" },
  });
});

Deno.test("[WK-ASK4] nobody in time throws expired, whatever the deadline chose", async () => {
  const none = await started(plain);
  await none.settle("ok", answer(null, { by: "timeout" }));
  const rejected = await started(plain);
  await rejected.settle("ok", answer("rejected", { by: "timeout" }));
  assertEquals([none.failure.code, rejected.failure.code], ["expired", "expired"]);
});

Deno.test("[WK-ASK5] a no that allowed lists comes back as a verb", async () => {
  const box = await started((ctx) =>
    ctx.approve("ok", { type: "plan_approval", title: "T", subject, allowed: ["approved", "rejected"] })
  );
  await box.settle("ok", answer("rejected", { feedback: "again" }));
  assertEquals(box.value, { verb: "rejected", value: subject, edited: false, feedback: "again", by: "ada" });
});

Deno.test("[WK-ASK6] modified comes back as approved or retry, edited, with the value by its schema", async () => {
  const approve = await started((ctx) => ctx.approve("ok", { type: "step_approval", title: "T", subject, edit: Step }));
  await approve.settle("ok", answer("modified", { value: { id: "x" }, edited: true }));
  assertEquals(approve.value, { ...answer("approved") as object, value: { id: "x", note: "" }, edited: true });
  const allowed = ["skip", "retry", "abort"] as const;
  const retry = await started((ctx) =>
    ctx.approve("ok", { type: "error_recovery", title: "T", subject, edit: Step, allowed })
  );
  assertEquals(argsOf(retry, "ok").allowed, ["retry", "skip", "modified", "abort"]);
  await retry.settle("ok", answer("modified", { value: { id: "x" }, edited: true }));
  assertEquals(retry.value, { ...answer("retry") as object, value: { id: "x", note: "" }, edited: true });
});

Deno.test("[WK-ASK7] an edit that does not fit throws bad_answer", async () => {
  const box = await started((ctx) => ctx.approve("ok", { type: "step_approval", title: "T", subject, edit: Step }));
  await box.settle("ok", answer("modified", { value: { id: 1 }, edited: true }));
  assertEquals(box.failure.code, "bad_answer");
});

Deno.test("[WK-ASK8] what a type cannot be answered is refused before it is asked", async () => {
  const bad: [string, (ctx: Ctx) => Promise<unknown>][] = [
    ["verb", (ctx) => ctx.approve("ok", { type: "plan_approval", title: "T", subject, allowed: ["abort"] })],
    ["none", (ctx) => ctx.approve("ok", { type: "plan_approval", title: "T", subject, allowed: [] })],
    ["default", (ctx) => ctx.approve("ok", { type: "error_recovery", title: "T", subject })],
    ["title", (ctx) => ctx.approve("ok", { type: "plan_approval", title: "T".repeat(301), subject })],
    [
      "edit",
      (ctx) => ctx.approve("ok", { type: "error_recovery", title: "T", subject, edit: Step, allowed: ["abort"] }),
    ],
    ["time", (ctx) => ctx.approve("ok", { type: "plan_approval", title: "T", subject, timeout_s: 0 })],
  ];
  for (const [name, call] of bad) {
    const box = await started(call);
    assertEquals([name, box.failure.code, box.begun], [name, "bad_args", []]);
  }
});

Deno.test("[WK-ASK9] the digest covers type, subject and verbs, not the texts", async () => {
  const digestOf = async (call: (ctx: Ctx) => Promise<unknown>) => (await started(call)).begin("ok").digest;
  const base = await digestOf(plain);
  const text = await digestOf((ctx) =>
    ctx.approve("ok", { type: "step_approval", title: "Another", description: "D", subject })
  );
  const other = await digestOf((ctx) =>
    ctx.approve("ok", { type: "step_approval", title: "T", subject: { ...subject, id: "x" } })
  );
  const verbs = await digestOf((ctx) =>
    ctx.approve("ok", { type: "step_approval", title: "T", subject, allowed: ["approved", "skip"] })
  );
  const type = await digestOf((ctx) => ctx.approve("ok", { type: "plan_approval", title: "T", subject }));
  assertEquals(base === text, true);
  assertEquals(new Set([base, other, verbs, type]).size, 4);
});

Deno.test("[WK-ASK10] ask gives the answer by its schema; rejected and expired throw", async () => {
  const call = (ctx: Ctx) => ctx.ask("n", { question: "How many?", answer: z.number().int() });
  const box = await started(call);
  const { type, allowed, subject, modifications_schema } = argsOf(box, "n");
  assertEquals([type, allowed, subject], ["input", ["answered", "rejected"], "How many?"]);
  assertEquals(modifications_schema?.["required"], ["answer"]);
  await box.settle("n", { verb: "answered", value: 3, edited: true, feedback: null, by: "ada" });
  assertEquals(box.value, 3);
  const no = await started(call);
  await no.settle("n", answer("rejected"));
  const late = await started(call);
  await late.settle("n", answer(null, { by: "timeout" }));
  const bad = await started(call);
  await bad.settle("n", { verb: "answered", value: "x", edited: true, feedback: null, by: "ada" });
  assertEquals([no, late, bad].map(({ failure }) => failure.code), ["rejected", "expired", "bad_answer"]);
});

Deno.test("[WK-ASK11] a long question stands whole in the description", async () => {
  const question = "Why? ".repeat(100);
  const box = await started((ctx) => ctx.ask("n", { question, description: "D", answer: z.string() }));
  const { action, description } = argsOf(box, "n");
  assertEquals(action.length, 300);
  assertEquals(description, `${question}\n\nD`);
});

Deno.test("[WK-ASK12] open asks at once and the code goes on; answer waits", async () => {
  const box = await started(async (ctx) => {
    const opened = ctx.open("q", { question: "?", answer: z.string() });
    const told = await ctx.step("tell", () => opened.url);
    return [opened.id, told, await ctx.answer(opened)];
  });
  assertEquals(box.begun, ["q", "tell"]);
  await box.run("tell");
  await box.settle("q", { verb: "answered", value: "yes", edited: true, feedback: null, by: "ada" });
  assertEquals(box.value, ["q", "/sessions/session-1?step=q", "yes"]);
});

Deno.test("[WK-ASK13] an answer that came before it is awaited is there at once, live and in a replay", async () => {
  const flow = workflow(async (ctx) => {
    const opened = ctx.open("q", { question: "?", answer: z.string() });
    const seen = [await ctx.step("a", () => "a")];
    return [...seen, await ctx.answer(opened), await ctx.step("b", () => "b")];
  });
  const first = await new Sandbox(flow).start();
  await first.settle("q", { verb: "answered", value: "yes", edited: true, feedback: null, by: "ada" });
  await first.run("a");
  await first.run("b");
  assertEquals(first.value, ["a", "yes", "b"]);
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals([second.value, second.begun], [["a", "yes", "b"], []]);
});

Deno.test("[WK-ASK14] answer takes only what open returned", async () => {
  const box = await started((ctx) => ctx.answer({ id: "q", url: "" }));
  assertEquals(box.failure.code, "bad_args");
});

Deno.test("[WK-ASK15] a schema that JSON Schema cannot say is refused", async () => {
  const box = await started((ctx) => ctx.ask("n", { question: "?", answer: z.date() }));
  assertEquals(box.failure.code, "bad_args");
  assertStringIncludes(box.failure.message, "JSON Schema");
});

Deno.test("[WK-ASK16] a question that was opened in a scope which has ended does not begin again there", async () => {
  const flow = workflow(async (ctx) => {
    const opened = await ctx.group("g", "G", () => ctx.open("q", { question: "?", answer: z.string() }));
    try {
      return await ctx.answer(opened);
    } catch (error) {
      return error instanceof Failure ? error.code : "?";
    }
  });
  const first = await new Sandbox(flow).start();
  await first.began("g/q");
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(second.begun, []);
  assertEquals(second.of("waiting").length, 1);
  await second.settle("g/q", { verb: "answered", value: "yes", edited: true, feedback: null, by: "ada" });
  assertEquals(second.value, "yes");
});

Deno.test("[WK-ASK17] a question that was held back until its scope had ended is asked by the next start", async () => {
  const flow = workflow(async (ctx) => {
    const opened = await ctx.group("g", "G", () => ctx.open("q", { question: "?", answer: z.string() }));
    return await ctx.answer(opened);
  });
  const first = await new Sandbox(flow).start();
  assertEquals([first.begun, first.journal.scopes.get("g")?.status], [["g/q"], "done"]);
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(second.begun, ["g/q"]);
  await second.began("g/q");
  await second.settle("g/q", { verb: "answered", value: "yes", edited: true, feedback: null, by: "ada" });
  assertEquals(second.value, "yes");
});
