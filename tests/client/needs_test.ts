import { assertEquals } from "@std/assert";
import { afterNeedsFrame, byDeadline, type Needs } from "@/lib/client/needs.ts";
import { pulseOf } from "@/lib/client/pulse.ts";
import { ClientError } from "@/lib/client/api.ts";
import { refusalText } from "@/lib/client/refusal.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import { sampleApproval, uuid } from "./samples.ts";

const ask = (n: number, hour: number) =>
  sampleApproval({ approval_id: uuid(n), expires_at: `2026-12-01T${`${hour}`.padStart(2, "0")}:00:00.000Z` });
const asJson = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value));
const after = (needs: Needs, event_type: string, data: unknown) =>
  afterNeedsFrame(needs, { event_type, data: asJson(data) });
const ids = (needs: Needs) => byDeadline(needs).map((one) => one.approval_id);

Deno.test("[ND1] a snapshot is all there is; upserts and removals follow; nearest deadline first", () => {
  let needs = after(new Map(), "upsert", { item: ask(9, 1) });
  needs = after(needs, "snapshot", { items: [ask(1, 12), ask(2, 8), { nonsense: true }], next_cursor: null });
  assertEquals(ids(needs), [uuid(2), uuid(1)]);
  needs = after(needs, "upsert", { item: ask(3, 10) });
  assertEquals(ids(needs), [uuid(2), uuid(3), uuid(1)]);
  needs = after(needs, "remove", { id: uuid(2), status: "resolved" });
  assertEquals(ids(needs), [uuid(3), uuid(1)]);
  for (const odd of [{}, { item: null }, { items: "none" }]) {
    assertEquals(ids(after(needs, "upsert", odd)), [uuid(3), uuid(1)]);
    assertEquals(ids(after(needs, "of_tomorrow", odd)), [uuid(3), uuid(1)]);
  }
});

Deno.test("[ND2] the figures come as a snapshot and as upserts; what is none changes nothing", () => {
  const pulse = { needs_you: 1, running: 2, queued: 0, free_slots: 8, cost_today_usd: 0.5, by_status: { active: 3 } };
  assertEquals(pulseOf(asJson({ items: [pulse], next_cursor: null })), pulse);
  assertEquals(pulseOf(asJson({ item: pulse })), pulse);
  for (const odd of [{}, { items: [] }, { item: { ...pulse, running: "many" } }]) {
    assertEquals(pulseOf(asJson(odd)), null);
  }
});

Deno.test("[ND3] a refusal says what a person can do: the line, the login, else the server's own words", () => {
  assertEquals(refusalText(new ClientError(0, "unreachable", "fetch failed")).startsWith("Not connected."), true);
  assertEquals(refusalText(new ClientError(401, "unauthenticated", "x")).startsWith("You are logged out."), true);
  assertEquals(
    refusalText(new ClientError(409, "wrong_state", "Cannot pause it: it is paused")),
    "Cannot pause it: it is paused",
  );
});
