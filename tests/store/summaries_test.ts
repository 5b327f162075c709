import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Summary } from "@/lib/engine/summary.ts";
import { packSummary } from "@/lib/engine/summary_row.ts";
import { keys } from "@/lib/store/keys.ts";
import type { Kv } from "@/lib/store/kv.ts";
import { encodeRow } from "@/lib/store/mutation.ts";
import { createSummaries, type Summaries } from "@/lib/store/summaries.ts";
import { ADMIN, OTHER, OWNER, SESSION, uuid } from "../engine/support/story.ts";
import { Place } from "./support.ts";

const at = (n: number) => new Date(Date.UTC(2026, 0, 5) + n * 1000).toISOString();
function summary(n: number, more: Partial<Summary> = {}): Summary {
  return {
    session_id: uuid(n),
    name: `Session ${n}`,
    mode: "one-shot",
    status: "active",
    run_status: null,
    owner: { id: OWNER.id, name: OWNER.name },
    pinned: false,
    needs_you: 0,
    deadline: null,
    wait: null,
    task_line: "",
    activity: null,
    current_phase: null,
    current_step: null,
    progress: null,
    cost: { usd: 0, limit_usd: null, input_tokens: 0, output_tokens: 0, cached_input_tokens: 0 },
    created_at: at(0),
    updated_at: at(n),
    last_active_at: at(n),
    expires_at: null,
    head_seq: 1,
    version: 1,
    ...more,
  };
}
async function listOf(summaries: Summary[], most?: number): Promise<Summaries> {
  using kv = await Deno.openKv(":memory:");
  const list = createSummaries(kv as unknown as Kv, most);
  await list.load();
  for (const one of summaries) list.apply(one.session_id, one);
  return list;
}
const ids = (page: { items: readonly Summary[] }) => page.items.map((one) => one.session_id);
const everyone = { id: ADMIN.id, admin: true };

Deno.test("[ST-LIST] pinned first, then the newest; a page goes on where the last one ended, whatever comes between", async () => {
  const list = await listOf([1, 2, 3, 4, 5].map((n) => summary(n, { pinned: n === 2 })));
  const first = await list.list(everyone, { limit: 2 });
  assertEquals([ids(first), first.total], [[uuid(2), uuid(5)], 5]);
  list.apply(uuid(9), summary(9));
  list.apply(uuid(5), null);
  const second = await list.list(everyone, { limit: 2, cursor: first.next_cursor! });
  assertEquals([ids(second), second.total], [[uuid(4), uuid(3)], 5]);
  assertEquals((await list.list(everyone, { limit: 9, cursor: second.next_cursor! })).next_cursor, null);
});

Deno.test("[ST-LIST] filters: mode, status, needs_you, a part of name or task in any case", async () => {
  const list = await listOf([
    summary(1, { mode: "copilot", name: "Größe" }),
    summary(2, { status: "failed", task_line: "Count the WORDS" }),
    summary(3, { needs_you: 2 }),
  ]);
  const found = async (filter: object) => ids(await list.list(everyone, { limit: 9, ...filter }));
  assertEquals(await found({ mode: "copilot" }), [uuid(1)]);
  assertEquals(await found({ status: "failed" }), [uuid(2)]);
  assertEquals(await found({ needs_you: true }), [uuid(3)]);
  assertEquals(await found({ needs_you: false }), [uuid(2), uuid(1)]);
  assertEquals(await found({ q: "gröSS" }), []);
  assertEquals(await found({ q: "GRÖ" }), [uuid(1)]);
  assertEquals(await found({ q: "words" }), [uuid(2)]);
  for (const q of [".*", "(", "[", "\\", "^", "a|b", "$", "/", "-", "{1}"]) assertEquals(await found({ q }), [], q);
  assertEquals(await list.ids(everyone, { mode: "one-shot" }), [uuid(3), uuid(2)]);
});

Deno.test("[ST-LIST] a person sees what is theirs, an administrator all; counts are over what is seen", async () => {
  const other = { owner: { id: OTHER.id, name: OTHER.name } };
  const list = await listOf([
    summary(1, { run_status: "running", needs_you: 3 }),
    summary(2, { run_status: "queued", status: "suspended", ...other }),
  ]);
  const owner = { id: OWNER.id, admin: false };
  assertEquals([list.sees(owner, uuid(1)), list.sees(owner, uuid(2)), list.sees(owner, uuid(3))], [true, false, false]);
  assertEquals((await list.list(owner, { limit: 9 })).total, 1);
  assertEquals(await list.counts(owner), { needs_you: 3, running: 1, queued: 0, by_status: { active: 1 } });
  assertEquals(await list.counts(everyone), {
    needs_you: 3,
    running: 1,
    queued: 1,
    by_status: { active: 1, suspended: 1 },
  });
});

Deno.test("[ST-LIST] the order holds however rows come, change and go", async () => {
  const change = fc.record({ n: fc.nat(12), time: fc.nat(6), pinned: fc.boolean(), gone: fc.nat(4) });
  await fc.assert(
    fc.asyncProperty(fc.array(change, { maxLength: 60 }), async (changes) => {
      const list = await listOf([]);
      const model = new Map<string, Summary>();
      for (const { n, time, pinned, gone } of changes) {
        const next = summary(n, { updated_at: at(time), pinned });
        if (gone === 0) model.delete(next.session_id);
        else model.set(next.session_id, next);
        list.apply(next.session_id, gone === 0 ? null : next);
      }
      const expected = [...model.values()].sort((a, b) =>
        Number(b.pinned) - Number(a.pinned) || b.updated_at.localeCompare(a.updated_at) ||
        a.session_id.localeCompare(b.session_id)
      );
      assertEquals(ids(await list.list(everyone, { limit: 99 })), expected.map((one) => one.session_id));
      assertEquals(list.size, expected.length);
    }),
    { seed: 3, numRuns: 60 },
  );
});

Deno.test("[ST-LIST] the loader never replaces what a commit has touched since it began; lists wait for it", async () => {
  using raw = await Deno.openKv(":memory:");
  for (const n of [1, 2, 3]) await raw.set(keys.summary(uuid(n)), encodeRow(packSummary(summary(n))));
  const list = createSummaries(raw as unknown as Kv);
  const told: (string | null)[] = [];
  list.onChange((_id, one) => void told.push(one?.name ?? null));
  const waiting = list.list(everyone, { limit: 9 });
  const loading = list.load();
  list.apply(uuid(1), summary(1, { name: "newer" }));
  list.apply(uuid(2), null);
  assertEquals(list.ready, false);
  await loading;
  assertEquals((await waiting).items.map((one) => one.name), ["Session 3", "newer"]);
  assertEquals(told, ["newer", null]);
});

Deno.test("[ST-LIST] over the bound the oldest at rest are dropped: found by id only, and no total is told", async () => {
  using raw = await Deno.openKv(":memory:");
  const rows = [1, 2, 3, 4].map((n) => summary(n, { run_status: n === 1 ? "running" : "completed" }));
  for (const row of rows) await raw.set(keys.summary(row.session_id), encodeRow(packSummary(row)));
  const list = createSummaries(raw as unknown as Kv, 3);
  await list.load();
  const page = await list.list(everyone, { limit: 9 });
  assertEquals([ids(page), page.total], [[uuid(4), uuid(3), uuid(1)], null]);
  assertEquals(list.get(uuid(2)), null);
  assertEquals((await list.find(uuid(2)))?.name, "Session 2");
});

Deno.test("[ST-LIST] commits keep the list: what was answered is in it", async () => {
  await using place = await Place.open();
  const { summaries } = place.store;
  await summaries.load();
  await place.create(SESSION, OWNER, "First");
  assertEquals(summaries.get(SESSION)?.name, "First");
  await place.say(SESSION, { by: OWNER, command: { type: "update_session", name: "Second", version: 1 } });
  assertEquals((await summaries.list(everyone, { limit: 1 })).items[0]?.name, "Second");
  await place.say(SESSION, { by: OWNER, command: { type: "delete_session" } });
  assertEquals((await summaries.list(everyone, { limit: 1 })).total, 0);
  const stored = await Array.fromAsync(place.kv.list({ prefix: keys.summaries() }));
  assert(stored.length === 0);
});
