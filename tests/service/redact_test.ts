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

Deno.test("[RED7] a secret that ends as one begins is found whole in a stream, wherever it is cut", () => {
  const secrets = new Map([["EDGE", "sk-abc-sk"], ["SAME", "aaaaaaaa"], ["LONG", "sk-abc-sk-more"]]);
  const tricky = createRedactor(secrets);
  const text = "x sk-abc-sk y aaaaaaaaa z sk-abc-sk-more sk-abc-sk";
  const whole = tricky.text(text);
  assertEquals(whole, "x [redacted:EDGE] y [redacted:SAME]a z [redacted:LONG] [redacted:EDGE]");
  for (let one = 1; one < text.length; one++) {
    for (let two = one; two < text.length; two++) {
      const stream = new RedactedStream(tricky);
      const pieces = [text.slice(0, one), text.slice(one, two), text.slice(two)].map((piece) => stream.push(piece));
      assertEquals(pieces.join("") + stream.end(), whole, `cut at ${one} and ${two}`);
    }
  }
});
