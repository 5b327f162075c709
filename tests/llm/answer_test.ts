import { assert, assertEquals } from "@std/assert";
import { Plan } from "@/lib/model/plan.ts";
import { outputSchema, Review, Turn } from "@/lib/model/turn.ts";
import { readJson, schemaOf } from "@/lib/llm/answer.ts";

Deno.test("[ANS1] the schemas of the agents hold as JSON Schema what they hold as zod: what may be left out, may", () => {
  const turn = schemaOf(outputSchema(Turn));
  const good = [
    { act: { kind: "code", code: "a()" } },
    {
      say: "x",
      step: { id: "a-1", title: "A" },
      act: { kind: "code", code: "", language: "js", files: { "a.csv": "1" } },
    },
    { act: { kind: "code", code: "a()", as_written: { attempts: 1, timeout_s: 2 } } },
    { act: { kind: "approve", why: "" } },
    { act: { kind: "ask", question: "?" } },
    { act: { kind: "done", summary: "", more: true } },
  ];
  const bad = [
    {},
    { act: {} },
    { act: { kind: "dance" } },
    { act: { kind: "code" } },
    { act: { kind: "code", code: "a()", language: "py" } },
    { act: { kind: "ask", question: "" } },
    { act: { kind: "done", summary: "", more: "yes" } },
    { act: { kind: "done", summary: "" }, extra: 1 },
    { act: { kind: "done", summary: "", extra: 1 } },
    { step: { id: "not an id", title: "A" }, act: { kind: "done", summary: "" } },
  ];
  for (const value of good) {
    assert(turn.safeParse(value).success && Turn.safeParse(value).success, JSON.stringify(value));
  }
  for (const value of bad) {
    assert(!turn.safeParse(value).success && !Turn.safeParse(value).success, JSON.stringify(value));
  }
  assert(schemaOf(outputSchema(Plan)).safeParse({ steps: [{ id: "a", title: "A" }] }).success);
  assert(!schemaOf(outputSchema(Plan)).safeParse({ steps: [] }).success);
  assert(schemaOf(outputSchema(Review)).safeParse({ verdict: "nothing_to_add" }).success);
  assert(!schemaOf(outputSchema(Review)).safeParse({ verdict: "fine" }).success);
});

Deno.test("[ANS2] the JSON of an answer is found whole, in a fence, or between words", () => {
  const value = (text: string) => {
    const read = readJson(text);
    return read.ok ? read.value : "none";
  };
  assertEquals(value(' [1, {"a": "}"}] '), [1, { a: "}" }]);
  assertEquals(value('```json\n{"a": "```ts\\nx\\n```"}\n```'), { a: "```ts\nx\n```" });
  assertEquals(value('<think>maybe</think> {"a": 1} that is it'), { a: 1 });
  assertEquals(value("no JSON here"), "none");
  assertEquals(value('{"a": 1'), "none");
  assertEquals(value(""), "none");
});
