import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { isPlainSaid } from "@/lib/protocol/said_frame.ts";
import { ChildFrame, MAX_SAID_ITEMS } from "@/lib/protocol/sandbox.ts";

const wrong = fc.oneof(fc.jsonValue(), fc.constantFrom(-1, 1.5, 1e999, 2 ** 60, "x".repeat(2001), {}, [], null));
/** A value that is right, or now and then anything. */
const or = <T>(right: fc.Arbitrary<T>) => fc.oneof({ weight: 40, arbitrary: right as fc.Arbitrary<unknown> }, wrong);
const name = fc.oneof(fc.string(), fc.constantFrom("__proto__", "constructor", "extra"));
const say = fc.oneof(
  fc.record({
    what: fc.constant("print"),
    stream: or(fc.constantFrom("print", "stderr")),
    message: or(fc.string()),
  }, { requiredKeys: ["what"] }),
  fc.record({
    what: fc.constant("event"),
    event_type: or(fc.string()),
    data: or(fc.dictionary(name, fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.jsonValue()))),
  }, { requiredKeys: ["what"] }),
  fc.record({ what: fc.constant("memory"), key: fc.string(), value: fc.jsonValue() }),
);
const withMore = (record: fc.Arbitrary<unknown>) =>
  fc.tuple(
    record,
    fc.oneof({ weight: 40, arbitrary: fc.constant({}) }, fc.dictionary(name, fc.jsonValue(), { maxKeys: 2 })),
  )
    .map(([value, more]) => typeof value === "object" && value !== null ? { ...value, ...more } : value);
const item = withMore(fc.record({
  scope: or(fc.string()),
  place: or(withMore(fc.record({ leaves: or(fc.nat()), counter: or(fc.nat()) }))),
  say: or(withMore(say)),
}));
const frame = withMore(fc.record({ type: or(fc.constant("said")), items: or(fc.array(or(item), { maxLength: 4 })) }));

/** As it comes out of a line; what JSON cannot hold is written as the text that a stranger might send. */
const sent = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, one) => one === Infinity ? "INFINITY" : one).replaceAll('"INFINITY"', "1e999"));

Deno.test("[SAIDF1] whatever is sent, the check by hand takes nothing that the schema refuses or reads otherwise", () => {
  let taken = 0;
  fc.assert(
    fc.property(frame, (value) => {
      const parsed = sent(value);
      if (!isPlainSaid(parsed)) return;
      taken++;
      const bySchema = ChildFrame.safeParse(structuredClone(parsed));
      assert(bySchema.success, JSON.stringify(value));
      assertEquals<unknown>(parsed, bySchema.data);
    }),
    { numRuns: 3000, seed: 7 },
  );
  assert(taken > 100, `the property says something only where frames are taken: ${taken}`);
});

Deno.test("[SAIDF2] prints and flat events are taken by hand; what is beyond the limits is left to the schema", () => {
  const place = { leaves: 0, counter: 1 };
  const print = { scope: "", place, say: { what: "print", stream: "print", message: "hello" } };
  const data = { agent: "engineer", role: "assistant", message: "hello" };
  const event = { scope: "a/b", place, say: { what: "event", event_type: "agent_message", data } };
  assert(isPlainSaid({ type: "said", items: [print, event] }));
  for (
    const items of [
      [],
      Array.from({ length: MAX_SAID_ITEMS + 1 }, () => print),
      [{ ...print, scope: "x".repeat(2001) }],
      [{ ...print, place: { leaves: 0, counter: -1 } }],
      [{ ...event, say: { ...event.say, data: { deep: {} } } }],
    ]
  ) assert(!isPlainSaid({ type: "said", items }));
});
