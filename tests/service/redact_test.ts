import { assertEquals, assertStrictEquals } from "@std/assert";
import { createRedactor, RedactedStream } from "@/lib/service/redact.ts";

const redactor = createRedactor(new Map([["KEY", "s3cr3t-value"], ["QUOTE", 'a"b\\c'], ["LONG", "s3cr3t-value-long"]]));

Deno.test("[RED1] a secret is replaced by its name wherever it stands in a value", () => {
  assertEquals(redactor.json({ a: ["x s3cr3t-value y"], "s3cr3t-value": 1 }), {
    a: ["x [redacted:KEY] y"],
    "[redacted:KEY]": 1,
  });
});

Deno.test("[RED2] a value without a secret is the same value", () => {
  const value = { a: ["x", 1, null, { b: true }] };
  assertStrictEquals(redactor.json(value), value);
});

Deno.test("[RED3] a secret is found as JSON escapes it", () => {
  assertEquals(redactor.text(JSON.stringify({ a: 'a"b\\c' })), '{"a":"[redacted:QUOTE]"}');
});

Deno.test("[RED4] the longer of two secrets is replaced whole", () => {
  assertEquals(redactor.text("s3cr3t-value-long"), "[redacted:LONG]");
});

Deno.test("[RED5] a secret cut at any place of a stream never shows", () => {
  const text = "before s3cr3t-value after";
  for (let cut = 1; cut < text.length; cut++) {
    const stream = new RedactedStream(redactor);
    const first = stream.push(text.slice(0, cut));
    const second = stream.push(text.slice(cut));
    assertEquals(first + second + stream.end(), "before [redacted:KEY] after");
    assertEquals(first.includes("s3c"), false);
  }
});

Deno.test("[RED6] a stream keeps nothing back that cannot begin a secret", () => {
  const stream = new RedactedStream(redactor);
  assertEquals(stream.push("plain text"), "plain text");
  assertEquals(stream.end(), "");
});
