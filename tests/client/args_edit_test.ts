import { assertEquals } from "@std/assert";
import { argsComplaint, argsDraftOf, argsOf, changedArgs, editArg } from "@/lib/client/args_edit.ts";
import type { JsonObject } from "@/lib/model/json.ts";

const SCHEMA: JsonObject = {
  type: "object",
  properties: { url: { type: "string" }, method: { type: "string" }, headers: { type: "object" } },
  required: ["url"],
};
const subject = { tool: "fetch", args: { url: "https://a.example.com/", headers: { a: "1" } } };

Deno.test("[AE1] each argument of the schema is a field: texts as they are, the rest as JSON, what is not given empty", () => {
  const draft = argsDraftOf(subject, SCHEMA);
  assertEquals(draft?.fields.map(({ name, value, text, required }) => [name, value, text, required]), [
    ["url", "https://a.example.com/", true, true],
    ["method", "", true, false],
    ["headers", '{"a":"1"}', false, false],
  ]);
  assertEquals([argsDraftOf({ steps: [] }, SCHEMA), argsDraftOf(subject, undefined), argsDraftOf(null, SCHEMA)], [
    null,
    null,
    null,
  ]);
});

Deno.test("[AE2] what is sent holds the filled fields; what is no JSON is said before", () => {
  let draft = argsDraftOf(subject, SCHEMA) ?? { fields: [] };
  assertEquals([changedArgs(draft), argsComplaint(draft)], [0, null]);
  draft = editArg(editArg(draft, "url", "https://b.example.com/"), "headers", "");
  assertEquals([changedArgs(draft), argsOf(draft)], [2, { url: "https://b.example.com/" }]);
  const wrong = editArg(draft, "headers", "{");
  assertEquals(argsComplaint(wrong), '"headers" is not JSON');
  assertEquals(argsOf(editArg(draft, "method", "POST")), { url: "https://b.example.com/", method: "POST" });
});
