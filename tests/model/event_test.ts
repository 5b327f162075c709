import { assertEquals, assertThrows } from "@std/assert";
import { EventEnvelope, readLine } from "@/lib/model/event.ts";

const event = {
  seq: 3,
  event_type: "output",
  timestamp: "2026-01-05T09:00:00.000Z",
  run_id: "r-1",
  session_id: "s-1",
  data: { message: "é", deep: [{ a: null }] },
};

Deno.test("[EVENT1] a stored line is read as its envelope would be; what is none is refused", () => {
  for (const line of [event, { ...event, run_id: null, later: 1 }, { ...event, data: {} }]) {
    assertEquals(readLine(JSON.stringify(line)), EventEnvelope.parse(line));
  }
  for (const wrong of [{ data: [] }, { data: null }, { data: "x" }, { seq: 0 }, { timestamp: "now" }, { run_id: 1 }]) {
    assertThrows(() => EventEnvelope.parse({ ...event, ...wrong }));
    assertThrows(() => readLine(JSON.stringify({ ...event, ...wrong })));
  }
  assertThrows(() => readLine("{"), SyntaxError);
});
