import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { finalResult, jsonBytes, shortened } from "@/workers/agents/bounds.ts";
import { fitting, type Talk, tell } from "@/workers/agents/talk.ts";

const sizeOf = (messages: { content: string }[]) => messages.reduce((sum, { content }) => sum + content.length, 0);
const begun = (opening: string): Talk => ({
  agent: "engineer",
  messages: [{ role: "system", content: "s" }, { role: "user", content: opening }],
});

Deno.test("[TALK1] what is sent stays under the size of a frame: the opening, and the last turns that fit", () => {
  const talk = begun("x".repeat(500_000));
  for (let n = 1; n <= 60; n++) tell(talk, `turn ${n} ${"y".repeat(50_000)}`, `out ${n} ${"z".repeat(16_000)}`);
  const messages = fitting(talk);
  assert(sizeOf(messages) <= 420_000, String(sizeOf(messages)));
  assertEquals(messages.slice(0, 3).map((m) => m.role), ["system", "user", "assistant"]);
  assertStringIncludes(messages.at(-2)?.content ?? "", "turn 60 ");
  assertStringIncludes(messages.at(-1)?.content ?? "", "out 60 ");
  assertEquals((messages.length - 2) % 2, 0);
});

Deno.test("[TALK2] the last turn is always sent, and a short conversation is sent whole", () => {
  const talk = begun("x".repeat(500_000));
  tell(talk, "y".repeat(900_000), "z".repeat(900_000));
  assertEquals(fitting(talk).length, 4);
  assert(sizeOf(fitting(talk)) < 420_000);
  const short = begun("task");
  tell(short, { a: 1 }, "ok");
  assertEquals(fitting(short), [...begun("task").messages, { role: "assistant", content: '{"a":1}' }, {
    role: "user",
    content: "ok",
  }]);
});

Deno.test("[TALK3] a long text is cut in its middle and says how much is missing", () => {
  assertEquals(shortened("abcdef", 6), "abcdef");
  assertEquals(shortened("abcdefgh", 4), "ab\n… (4 characters left out) …\ngh");
});

Deno.test("[TALK4] sizes are those of the JSON that is sent: characters beyond ASCII and escapes count as they will", () => {
  const talk = begun("\u20ac".repeat(200_000));
  for (let n = 1; n <= 60; n++) tell(talk, "\u0001".repeat(20_000), "\u20ac".repeat(8_000));
  assert(JSON.stringify(fitting(talk)).length > 100_000);
  assert(jsonBytes(JSON.stringify(fitting(talk))) < 1_000_000);
  assert(new TextEncoder().encode(JSON.stringify(fitting(talk))).length < 470_000);
  assert(new TextEncoder().encode(JSON.stringify(fitting(talk, 0.1))).length < 60_000);
});

Deno.test("[TALK5] what a run ends with can be stored, however much its steps said, printed and wrote", () => {
  const step = (n: number) => ({
    id: `s${n}`,
    title: `Step ${n}`,
    status: "done" as const,
    summary: "\u20ac".repeat(20_000),
    printed: "\u0001".repeat(16_000),
    files: Array.from({ length: 200 }, (_, i) => `${n}-${"n".repeat(90)}-${i}`),
  });
  const result = finalResult("s".repeat(900_000), Array.from({ length: 50 }, (_, n) => step(n)));
  assert(new TextEncoder().encode(JSON.stringify(result)).length < 1_000_000);
  assertEquals(result.steps.length, 50);
  assert(result.steps.every(({ summary, printed, files }) => summary !== "" && printed !== "" && files.length > 0));
  const small = { ...step(1), summary: "s", printed: "p", files: ["b", "a"] };
  assertEquals(finalResult("ok", [small]), { summary: "ok", steps: [small], files: ["a", "b"] });
});
