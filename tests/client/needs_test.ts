import { assertEquals } from "@std/assert";
import { afterNeedsFrame, byDeadline, type Needs } from "@/lib/client/needs.ts";
import { pulseOf } from "@/lib/client/pulse.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import { sampleApproval, uuid } from "./samples.ts";

const approval = (n: number, hour = 10) =>
  sampleApproval({ approval_id: uuid(n), expires_at: `2026-11-25T${hour}:00:00.000Z` });
const json = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value));
const after = (needs: Needs, event_type: string, data: unknown) =>
  afterNeedsFrame(needs, { event_type, data: json(data) });
const ids = (needs: Needs) => [...needs.keys()];

Deno.test("[ND1] a snapshot is all there is, upsert and remove change one, nonsense changes nothing", () => {
  const first = after(new Map([[uuid(9), approval(9)]]), "snapshot", { items: [approval(1), approval(2), "x"] });
  assertEquals(ids(first), [uuid(1), uuid(2)]);
  const more = after(first, "upsert", { item: approval(3) });
  assertEquals(ids(more), [1, 2, 3].map(uuid));
  assertEquals(ids(after(more, "upsert", { item: { ...approval(4), allowed: "all" } })), [1, 2, 3].map(uuid));
  assertEquals(ids(after(more, "remove", { id: uuid(2) })), [1, 3].map(uuid));
  assertEquals(ids(after(more, "remove", {})), [1, 2, 3].map(uuid));
  assertEquals(after(more, "presence", { viewers: [] }), more);
  assertEquals(ids(after(more, "snapshot", { items: null })), []);
});

Deno.test("[ND1] the nearest deadline comes first", () => {
  const needs = new Map([approval(1, 12), approval(2, 11), approval(3, 13)].map((one) => [one.approval_id, one]));
  assertEquals(byDeadline(needs).map((one) => one.approval_id), [2, 1, 3].map(uuid));
});

Deno.test("[ND2] the figures come as a snapshot of one item or as an upsert; what is none leaves them", () => {
  const pulse = { needs_you: 1, running: 2, queued: 0, free_slots: 8, cost_today_usd: 0.5, by_status: { active: 3 } };
  assertEquals(pulseOf({ items: [pulse], next_cursor: null }), pulse);
  assertEquals(pulseOf({ item: pulse }), pulse);
  for (const data of [{}, { items: [] }, { item: { ...pulse, running: "two" } }, { item: null }]) {
    assertEquals(pulseOf(data), null);
  }
});
