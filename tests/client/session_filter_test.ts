import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { inOrder, listHref, matches } from "@/lib/client/session_filter.ts";
import { afterFrame, type Rows, withRows } from "@/lib/client/session_rows.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import type { Session } from "@/lib/protocol/rest.ts";
import { sampleSession, uuid } from "./samples.ts";

const at = (second: number) => `2026-11-24T10:00:${`${second}`.padStart(2, "0")}.000Z`;

Deno.test("[SL1] a session matches by status, by what it needs, and by a part of its name or task, in any case", () => {
  const session = sampleSession({ name: "Sea ICE", task_line: "Fit the trend", pending_approvals: 1 });
  for (const q of ["ice", "SEA", "a i", "trend", "  trend ", ""]) assert(matches(session, { q }), q);
  assert(!matches(session, { q: "icex" }));
  assert(matches(session, { status: "active", needs_you: true }));
  assert(!matches(session, { status: "failed" }));
  assert(!matches(sampleSession(), { needs_you: true }));
  assert(matches(sampleSession(), { needs_you: false }));
});

Deno.test("[SL2] pinned come first, then the newest change, and the order is total", () => {
  const session = fc.record({ id: fc.nat(5), second: fc.nat(3), pinned: fc.boolean() }).map(({ id, second, pinned }) =>
    sampleSession({ session_id: uuid(id), updated_at: at(second), pinned })
  );
  fc.assert(
    fc.property(fc.uniqueArray(session, { selector: (one) => one.session_id }), (all) => {
      const sorted = all.toSorted(inOrder);
      for (const [i, a] of sorted.entries()) {
        for (const b of sorted.slice(i + 1)) {
          assert(a.pinned || !b.pinned);
          if (a.pinned === b.pinned) assert(a.updated_at >= b.updated_at);
          assertEquals([inOrder(a, b), inOrder(b, a)], [-1, 1]);
        }
      }
      assertEquals(all.toReversed().toSorted(inOrder), sorted);
    }),
    { seed: 7 },
  );
});

Deno.test("[SL3] the address of a filter holds what it filters by and is / without any", () => {
  assertEquals(listHref({}), "/");
  assertEquals(listHref({ q: "", needs_you: false }), "/");
  assertEquals(
    listHref({ status: "failed", needs_you: true, q: "a&b ü" }),
    "/?status=failed&needs_you=true&q=a%26b+%C3%BC",
  );
});

const session = (n: number, patch: Partial<Session> = {}) =>
  sampleSession({ session_id: uuid(n), updated_at: at(n), ...patch });
const rowsOf = (...all: Session[]): Rows => new Map(all.map((one) => [one.session_id, one]));
const json = (value: unknown): JsonObject => JSON.parse(JSON.stringify(value));
const ids = (rows: Rows) => [...rows.keys()].sort();

Deno.test("[SR1] a snapshot without more takes the place of all rows", () => {
  const { rows, came } = afterFrame(rowsOf(session(1), session(2)), {
    event_type: "snapshot",
    data: json({ items: [session(2, { name: "New" }), session(3)], next_cursor: null }),
  });
  assertEquals(ids(rows), [uuid(2), uuid(3)]);
  assertEquals(rows.get(uuid(2))?.name, "New");
  assertEquals(came, []);
});

Deno.test("[SR1] a snapshot with more keeps the rows behind its last one, and what it should hold and does not is gone", () => {
  const before = rowsOf(session(9, { pinned: true }), session(8), session(6), session(2), session(1));
  const { rows } = afterFrame(before, {
    event_type: "snapshot",
    data: json({ items: [session(9, { pinned: true }), session(7), session(5)], next_cursor: "more" }),
  });
  assertEquals(ids(rows), [1, 2, 5, 7, 9].map(uuid));
});

Deno.test("[SR1] an empty snapshot leaves nothing", () => {
  const { rows } = afterFrame(rowsOf(session(1)), { event_type: "snapshot", data: { items: [], next_cursor: null } });
  assertEquals(ids(rows), []);
});

Deno.test("[SR2] an upsert puts a row in or renews it, and names the one that was not there", () => {
  const first = afterFrame(rowsOf(session(1)), { event_type: "upsert", data: json({ item: session(2) }) });
  assertEquals([ids(first.rows), first.came], [[uuid(1), uuid(2)], [uuid(2)]]);
  const again = afterFrame(first.rows, { event_type: "upsert", data: json({ item: session(2, { name: "New" }) }) });
  assertEquals([again.rows.get(uuid(2))?.name, again.came], ["New", []]);
});

Deno.test("[SR2] remove takes its row out; what is not known or does not fit changes nothing", () => {
  const rows = rowsOf(session(1), session(2));
  assertEquals(ids(afterFrame(rows, { event_type: "remove", data: { id: uuid(1) } }).rows), [uuid(2)]);
  assertEquals(ids(afterFrame(rows, { event_type: "remove", data: {} }).rows), ids(rows));
  assertEquals(afterFrame(rows, { event_type: "presence", data: {} }), { rows, came: [] });
  assertEquals(ids(afterFrame(rows, { event_type: "upsert", data: { item: { session_id: "x" } } }).rows), ids(rows));
  const some = withRows(rows, [session(3), null, "x", { ...session(4), status: "odd" }]);
  assertEquals([ids(some.rows), some.came], [[1, 2, 3].map(uuid), [uuid(3)]]);
  assertEquals(ids(rows), [uuid(1), uuid(2)]);
});
