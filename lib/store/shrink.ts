// Large values of records go to blobs; the state afterwards holds the references, as a load would give it.
//
//   K1. Only fields that may be any JSON by their schema are replaced: `value` of an entry, task and result of a run,
//       fields of the session's memory. Whatever else makes a record too large stands whole in a blob (prepare.ts).
import { differences, patch } from "../engine/layered.ts";
import type { SessionState } from "../engine/state.ts";
import { RunRecord } from "../model/run.ts";
import type { JournalEntry } from "../model/journal.ts";
import { BlobRef, type Json } from "../model/json.ts";
import type { SessionRecord } from "../model/session.ts";
import { keys } from "./keys.ts";
import { setRow } from "./mutation.ts";
import type { Change, Shrunk } from "./writer/types.ts";
import { type BlobDraft, jsonBytes, SMALLEST_SPILL_BYTES, spill, toBlob } from "./writer/spill.ts";

/** Puts what is too large into blobs. */
export function shrink(session_id: string, change: Change<SessionState>, limit: number): Shrunk<SessionState> {
  const blobs: BlobDraft[] = [];
  const { before } = change;
  let state = change.after;
  if (state.session !== null && state.session !== before.session) {
    state = { ...state, session: smallSession(state.session, { limit, blobs }) };
  }
  if (state.run !== null && state.run !== before.run) {
    state = { ...state, run: smallRun(state.run, { limit, blobs }) };
  }
  if (state.entries !== before.entries) {
    const old = state.run?.run_id === before.run?.run_id ? before.entries : new Map<string, JournalEntry>();
    for (const [key, entry] of differences(old, state.entries)) {
      const small = smallEntry(entry, { limit, blobs });
      if (small !== entry) state = { ...state, entries: patch(state.entries, key, small) };
    }
  }
  const rows = [...change.asks ?? []].map(([approval_id, ask]) => setRow(keys.ask(session_id, approval_id), ask));
  return { state, rows, blobs };
}

interface Room {
  limit: number;
  blobs: BlobDraft[];
}

function smallSession(session: SessionRecord, { limit, blobs }: Room): SessionRecord {
  const excess = jsonBytes(session) - limit;
  if (excess <= 0) return session;
  const spilled = spill(session.memory, Math.max(0, jsonBytes(session.memory) - excess));
  blobs.push(...spilled.blobs);
  return { ...session, memory: spilled.value };
}

function smallRun(run: RunRecord, room: Room): RunRecord {
  if (jsonBytes(run) <= room.limit) return run;
  const result: Json = run.status === "completed" ? run.result : null;
  const spilled = spill(
    { task: run.task, result },
    Math.max(0, room.limit - jsonBytes({ ...run, task: "", result: 0 })),
  );
  room.blobs.push(...spilled.blobs);
  const task = typeof spilled.value.task === "string" ? spilled.value.task : BlobRef.parse(spilled.value.task);
  return run.status === "completed" ? { ...run, task, result: spilled.value.result ?? null } : { ...run, task };
}

function smallEntry(entry: JournalEntry, room: Room): JournalEntry {
  if (entry.status !== "done" || jsonBytes(entry) <= room.limit) return entry;
  if (jsonBytes(entry.value) < SMALLEST_SPILL_BYTES || BlobRef.safeParse(entry.value).success) return entry;
  const { ref, blob } = toBlob(entry.value);
  room.blobs.push(blob);
  return { ...entry, value: ref };
}
