import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { fitting, shortened, type Talk, tell } from "@/workers/agents/talk.ts";

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
