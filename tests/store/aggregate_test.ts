// What the writer keeps of a session and what a load gives are the same, whatever was decided.
import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { project } from "@/lib/engine/project.ts";
import { ABSENT, type SessionState } from "@/lib/engine/state.ts";
import { PackedSummary, unpackSummary } from "@/lib/engine/summary_row.ts";
import { isFinal } from "@/lib/model/run.ts";
import { keys } from "@/lib/store/keys.ts";
import { decodeRow, encodeRow } from "@/lib/store/mutation.ts";
import { type Act, ACTS, anyAct } from "../engine/support/acts.ts";
import { newRun, OWNER, RUN, SESSION, SETTINGS, Story, SYSTEM } from "../engine/support/story.ts";
import { output, Place } from "./support.ts";

/** A state as a load gives it: nothing of a run that is over, maps in the order of their keys. */
function loaded(state: SessionState): unknown {
  const over = state.run === null || isFinal(state.run);
  const sorted = <V>(map: ReadonlyMap<string, V>) => over ? [] : [...map].sort(([a], [b]) => a < b ? -1 : 1);
  return {
    ...state,
    head: state.head,
    entries: sorted(state.entries),
    scopes: sorted(state.scopes),
    approvals: sorted(state.approvals),
    mailbox: over ? [] : state.mailbox,
  };
}

/** Sends the decisions of a story through the writer, several in one commit. */
class Told {
  readonly story = new Story();
  #sent: Promise<unknown>[] = [];
  constructor(readonly place: Place) {
    const say = this.story.say.bind(this.story);
    this.story.say = (principal, command, outside) => {
      const decision = say(principal, command, outside);
      if (!decision.ok || "same" in decision) return decision;
      const { state, events, asks } = decision;
      this.#sent.push(this.place.store.writer.submit({
        session_id: SESSION,
        outside: [],
        urgent: true,
        owner: "person",
        decide: () => ({ commit: true, state, events, reply: null, ...(asks === undefined ? {} : { asks }) }),
      }));
      return decision;
    };
  }
  async flush(): Promise<void> {
    await Promise.all(this.#sent.splice(0));
  }
}

async function checkRows({ place, story }: Told): Promise<void> {
  const { store, kv } = place;
  assertEquals(loaded(await store.sessions.state(SESSION)), loaded(story.state));
  const derived = project(story.state, SETTINGS);
  const due = await store.due.list({ now: Infinity, limit: 1000 });
  const order = (one: { time_ms: number; kind: string; id: string }) => `${one.time_ms} ${one.kind} ${one.id}`;
  assertEquals(
    due.map(({ time_ms, kind, id }) => ({ time_ms, kind, id })).map(order).sort(),
    derived.due.map(order).sort(),
  );
  const leases = (await store.leases.list()).map(({ run_id, instance, fence }) => ({ run_id, instance, fence }));
  assertEquals(leases, derived.lease === null ? [] : [derived.lease]);
  const packed = decodeRow(PackedSummary, await kv.get(keys.summary(SESSION)));
  assertEquals(packed === null ? null : unpackSummary(packed), derived.summary);
  assertEquals(store.summaries.get(SESSION), derived.summary);
}

const sequences = fc.array(fc.record({ act: anyAct as fc.Arbitrary<Act>, flush: fc.nat(3) }), {
  minLength: 10,
  maxLength: 50,
  size: "max",
});

Deno.test("[AGG-LOAD] a load gives the state that was decided, and indexes follow from it, whatever was said", async () => {
  await fc.assert(
    fc.asyncProperty(sequences, async (sequence) => {
      await using place = await Place.open();
      const told = new Told(place);
      told.story.running();
      for (const { act, flush } of sequence) {
        told.story.after(act.wait_s);
        ACTS[act.name](told.story, act);
        if (flush === 0) await told.flush();
      }
      await told.flush();
      await checkRows(told);
      for (const [run_id, run] of told.story.runs) assertEquals(await place.store.runs.get(SESSION, run_id), run);
      for (const [id, ask] of told.story.asks) {
        assertEquals((await place.store.approvals.get(SESSION, id))?.ask, ask);
      }
      const lines = (await place.store.events.page(SESSION, { after: 0, limit: 1000 }))?.lines ?? [];
      assertEquals(lines.map((line) => JSON.parse(line).event_type), told.story.events.map((one) => one.event_type));
    }),
    { seed: 7, numRuns: 60, endOnFailure: true },
  );
});

Deno.test("[AGG-LOAD] the journal of an ended run stays readable; a load of its session gives none of it", async () => {
  await using place = await Place.open();
  const told = new Told(place);
  told.story.running();
  told.story.begin("a");
  told.story.end("a", { n: 1 });
  told.story.ok(told.story.sandbox, { type: "finish_run", result: { ok: true, value: "done" } });
  await told.flush();
  const entries = await place.store.journal.entries(SESSION, RUN);
  assertEquals(entries.map((entry) => [entry.key, entry.status]), [["a", "done"]]);
  assertEquals((await place.store.journal.entry(SESSION, RUN, "a"))?.key, "a");
  assertEquals(await place.store.journal.entry(SESSION, RUN, "b"), null);
  assert((await place.store.journal.scopes(SESSION, RUN)).length >= 1);
  assertEquals((await place.store.sessions.state(SESSION)).entries.size, 0);
});

Deno.test("[AGG-RETRY] entries that a run takes over from the one before are written as its own", async () => {
  await using place = await Place.open();
  const told = new Told(place);
  told.story.running();
  told.story.begin("a");
  told.story.end("a", 1);
  await told.flush();
  const { state } = told.story;
  const run = { ...state.run!, run_id: "run-2" };
  await place.store.writer.submit({
    session_id: SESSION,
    outside: [],
    urgent: true,
    owner: "person",
    decide: (input) => ({ commit: true, state: { ...input.state, run }, events: [], reply: null }),
  });
  assertEquals((await place.store.journal.entries(SESSION, "run-2")).length, state.entries.size);
});

Deno.test("[AGG-LARGE] large values stand in blobs: in the cached state, in a load, and whole where they are resolved", async () => {
  await using place = await Place.open();
  const told = new Told(place);
  const task = "Count ".repeat(50_000);
  told.story.create().start({ task }).claim().begun();
  told.story.begin("a");
  told.story.end("a", { text: "v".repeat(100_000) });
  told.story.begin("b");
  told.story.end("b", "small");
  await told.flush();
  const { store } = place;
  let cached: SessionState | null = null;
  await store.writer.submit({
    session_id: SESSION,
    outside: [],
    urgent: true,
    owner: "run",
    decide: ({ state }) => {
      cached = state;
      return { commit: false, reply: null };
    },
  });
  const read = await store.sessions.state(SESSION);
  assertEquals(loaded(cached!), loaded(read));
  assert(typeof read.run?.task === "object");
  assertEquals(await store.blobs.resolve(SESSION, read.run.task), task);
  const entry = read.entries.get("a");
  assert(entry?.status === "done");
  assertEquals(await store.blobs.resolve(SESSION, [entry.value, 1]), [{ text: "v".repeat(100_000) }, 1]);
});

Deno.test("[AGG-LARGE] a record that is too large without such a field stands whole in a blob; nobody notices", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  await place.start(SESSION, { run_id: RUN, begun: true });
  const content = "é".repeat(200_000);
  for (const n of [1, 2]) {
    await place.store.writer.submit({
      session_id: SESSION,
      outside: [],
      urgent: true,
      owner: "person",
      decide: ({ state }) => {
        const message = { message_id: `m-${n}`, content: `${n}${content}`, by: "u", at: "2026-01-05T09:00:00.000Z" };
        return { commit: true, state: { ...state, mailbox: [...state.mailbox, message] }, events: [], reply: null };
      },
    });
  }
  const state = await place.store.sessions.state(SESSION);
  assertEquals(state.mailbox.map(({ content }) => content), [`1${content}`, `2${content}`]);
});

Deno.test("[AGG-LARGE] a journal key over 256 bytes is replaced by its digest in the key, not in the entry", async () => {
  await using place = await Place.open();
  const told = new Told(place);
  told.story.running();
  const key = "ü".repeat(400);
  told.story.begin(key);
  told.story.end(key, 1);
  await told.flush();
  assertEquals((await place.store.sessions.state(SESSION)).entries.get(key)?.status, "done");
  assertEquals(String(keys.entry(SESSION, RUN, key)[3]).length, "sha256:".length + 64);
  assertEquals(keys.entry(SESSION, RUN, "x".repeat(256))[3], "x".repeat(256));
});

Deno.test("[AGG-START] a start writes the index of its run_id, checked by whoever reads it", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  await place.start(SESSION, { run_id: RUN });
  const owner = await place.store.runs.find(RUN);
  assertEquals(owner, { session_id: SESSION, start_digest: newRun().start_digest, principal: OWNER.id });
  await place.say(SESSION, { by: OWNER, command: { type: "cancel_run", run_id: RUN } });
  await place.say(SESSION, { by: OWNER, command: { type: "delete_session" } });
  assertEquals(await place.store.runs.find(RUN), null, "deleted: unknown at once");
  assertEquals((await place.store.sessions.state(SESSION)).session, null);
  assertEquals(await place.store.sessions.head(SESSION), null);
  assertEquals((await place.store.sessions.state("unknown")).head, ABSENT.head);
});

Deno.test("[AGG-GATE] the gate changes with the fence and with nothing else, and goes with the delete", async () => {
  await using place = await Place.open();
  const gate = async () => (await place.kv.get(keys.gate(SESSION))).versionstamp;
  const head = async () => (await place.kv.get(keys.head(SESSION))).versionstamp;
  await place.create(SESSION);
  const made = await gate();
  await place.start(SESSION, { run_id: RUN });
  await place.append(SESSION, [output("a line")]);
  assertEquals(await gate(), made);
  await place.say(SESSION, { by: SYSTEM, command: { type: "claim_run", run_id: RUN } });
  const claimed = await gate();
  assertNotEquals(claimed, made);
  const before = await head();
  await place.append(SESSION, [output("another")]);
  assertNotEquals(await head(), before, "each commit that appends moves the head");
  assertEquals(await gate(), claimed);
  await place.say(SESSION, { by: OWNER, command: { type: "delete_session" } });
  assertEquals(await gate(), null);
});

Deno.test("[AGG-READS] reads give what is durable, never what the writer has cached", async () => {
  await using place = await Place.open();
  await place.create(SESSION);
  const { head, session } = await place.store.sessions.state(SESSION);
  // As another instance would, behind this writer's back.
  const row = { session: { ...session!, name: "Changed elsewhere" }, last_run_id: null };
  await place.kv.atomic().set(keys.session(SESSION), encodeRow(row))
    .set(keys.head(SESSION), encodeRow({ ...head, head_seq: head.head_seq })).commit();
  assertEquals((await place.store.sessions.state(SESSION)).session?.name, "Changed elsewhere");
});

Deno.test("[AGG-FORMAT] rows of the journal carry the number of their format; a row of another is not read as this one", async () => {
  await using place = await Place.open();
  const told = new Told(place);
  told.story.running();
  told.story.group("g");
  told.story.begin("g/a", { scope: "g" });
  told.story.end("g/a", 1);
  await told.flush();
  for (const prefix of [keys.entries(SESSION, RUN), keys.scopes(SESSION, RUN)]) {
    const rows = await Array.fromAsync(place.kv.list({ prefix }));
    assert(rows.length > 0);
    for (const { key, value } of rows) {
      const row = JSON.parse(new TextDecoder().decode(value as Uint8Array));
      assertEquals(row.f, 1);
      await place.kv.atomic().set(key, encodeRow({ ...row, f: 2 })).commit();
    }
  }
  await assertRejects(() => place.store.journal.entries(SESSION, RUN));
  await assertRejects(() => place.store.journal.scopes(SESSION, RUN));
});
