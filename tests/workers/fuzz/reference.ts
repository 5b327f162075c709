// The run that was never killed: the same program from the top, its leaves settling in the order of a history and with its
// results. Whatever a killed history called, said and returned must be what this one does.
import { assertEquals } from "@std/assert";
import type { JournalEntry } from "../../../lib/model/journal.ts";
import type { Json } from "../../../lib/model/json.ts";
import type { Faults } from "../../../workers/runtime/faults.ts";
import { resultOf, saidByScope } from "../../../workers/testing/compare.ts";
import { HostJournal, isDropped } from "../../../workers/testing/journal.ts";
import { live } from "../../../workers/testing/life.ts";
import { recordedOrder } from "../../../workers/testing/orders.ts";
import type { Commits } from "./commits.ts";
import { type History, START } from "./host.ts";
import { workflowOf } from "./interpret.ts";
import type { Program } from "./program.ts";

/** Compares a history with the run that was never killed. Throws AssertionError. */
export async function compareWithUnkilled(program: Program, killed: History, faults: Faults): Promise<void> {
  const workflow = workflowOf(program, { effect: () => 0, foreign: () => Promise.resolve() });
  const journal = new HostJournal();
  const order = recordedOrder(killed.journal, 0, journal);
  const end = await live({ workflow, start: START, journal, order, files: new Map(), timeout_ms: 300, faults });
  assertEquals(resultOf(end), finishOf(killed), "the result");
  assertEquals(scopesOf(journal), scopesOf(killed.journal), "the scopes");
  assertEquals(saidByScope(journal), sorted(saidByScope(killed.journal), saidByScope(journal)), "what was said");
  assertEquals(leavesOf(journal, journal), leavesOf(killed.journal, journal), "the leaves");
}

function finishOf({ finish }: History): Json {
  return JSON.parse(JSON.stringify(finish.ok ? finish : { ok: false, failure: finish.failure }));
}

/** Scopes speak in any order among each other, each in its own. */
function sorted<V>(map: Map<string, V>, like: Map<string, V>): Map<string, V> {
  const keys = [...like.keys(), ...[...map.keys()].filter((key) => !like.has(key))];
  return new Map(keys.flatMap((key) => map.has(key) ? [[key, map.get(key)!]] : []));
}

function scopesOf(journal: Pick<Commits, "scopes">): Json {
  const rows = [...journal.scopes.values()].map(({ key, kind, parent, pos, step_id, attempt, status, title }) => ({
    ...{ key, kind, parent, pos, step_id, attempt, status, title },
  }));
  return JSON.parse(JSON.stringify(rows.sort((a, b) => a.key < b.key ? -1 : 1)));
}

/** Finished leaves, but for those that came after their branch was dropped. */
function leavesOf(journal: Pick<Commits, "entries">, reference: HostJournal): Json {
  const counts = (entry: JournalEntry) =>
    entry.status !== "open" &&
    (!isDropped(reference, entry.scope) || reference.entries.get(entry.key)?.status !== "open");
  const leaves = [...journal.entries.values()].filter(counts).map((entry) => {
    const { key, kind, pos, scope, digest } = entry;
    const result = entry.status === "done" ? entry.value : entry.status === "failed" ? entry.failure : null;
    return { key, kind, pos, scope, digest, result };
  });
  return JSON.parse(JSON.stringify(leaves.sort((a, b) => a.key < b.key ? -1 : 1)));
}
