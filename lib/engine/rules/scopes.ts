// Scopes begin and end: groups, maps and `all` are the steps that people see, branches are not.
//
//   S1. A scope that is known already changes nothing: in a replay nothing is told again.
//   S2. The same group again is its next attempt, under the step_id and number of its first.
//   S3. Dropping a scope drops those within it; their open leaves never settle, their waits end.
import type { ScopeRow } from "../../model/journal.ts";
import { MAX_ENTRIES } from "../limits.ts";
import { isDropped, openEntries } from "../open.ts";
import { refOf, stepOfScope } from "../steps.ts";
import { closeWaits } from "./closed_waits.ts";
import { failNow } from "./ends.ts";
import { moveNode, showMapProgress, takeStepNumber } from "./plans.ts";
import { emit, isRefusal, type Of, openRun, type Outcome, refuse, setScope, setSession, type Work } from "./work.ts";

/** A scope begins. */
export function beginScope(work: Work, command: Of<"begin_scope">): Outcome {
  const known = work.state.scopes.get(command.key);
  if (known !== undefined) return { same: { began: true, step_number: known.step_number } };
  const parent = work.state.scopes.get(command.parent);
  if (parent?.status !== "open" || isDropped(work.state, command.parent)) {
    return refuse("conflict", `Cannot begin "${command.key}": its scope is not open`);
  }
  const run = openRun(work, work.state.run?.run_id ?? "", "go on with");
  if (isRefusal(run)) return run;
  if (work.state.scopes.size > MAX_ENTRIES) {
    return failNow(work, run, { type: "journal_limit", message: `The run has ${MAX_ENTRIES} scopes in its journal` });
  }
  const { key, kind, id, step_id, title, attempt, pos, total } = command;
  const around = stepOfScope(work.state, command.parent)?.step_number ?? null;
  const step_number = kind === "branch" ? around ?? 0 : takeStepNumber(work, { step_id, id, around });
  const place = { key, parent: command.parent, pos, kind, id, title, step_id, attempt, step_number };
  const counted = total === undefined ? {} : { total, finished: 0 };
  const mark = { leaves: 0, counter: 0 };
  const row: ScopeRow = { ...place, ...counted, status: "open", started_at: work.now, mark };
  setScope(work, row);
  if (kind !== "branch") tellBegin(work, row);
  return { reply: { began: true, step_number } };
}

function tellBegin(work: Work, row: ScopeRow): void {
  emit(work, row.attempt > 1 ? "step_restarted" : "step_started", refOf(row));
  setSession(work, { current_step: row.title });
  moveNode(work, row.id, { status: "running" });
  showMapProgress(work, row);
}

/** A scope ends. */
export function endScope(work: Work, command: Of<"end_scope">): Outcome {
  const row = work.state.scopes.get(command.key);
  if (row === undefined || row.kind === "root") {
    return refuse("conflict", `Cannot end "${command.key}": there is no such scope`);
  }
  if (row.status !== "open" || isDropped(work.state, row.key)) return { same: { ended: true } };
  if (command.status === "dropped") dropWithin(work, row);
  close(work, row, command);
  return { reply: { ended: true } };
}

type End = Pick<Of<"end_scope">, "status" | "error" | "reused">;

function close(work: Work, row: ScopeRow, end: End): void {
  setScope(work, { ...row, status: end.status, ended_at: work.now });
  const parent = work.state.scopes.get(row.parent ?? "");
  if (row.kind === "branch") {
    if (parent === undefined || end.status === "dropped") return;
    const counted = { ...parent, finished: (parent.finished ?? 0) + 1 };
    setScope(work, counted);
    showMapProgress(work, counted);
    return;
  }
  tellEnd(work, row, end);
  setSession(work, { current_step: row.parent === null ? null : stepOfScope(work.state, row.parent)?.name ?? null });
}

function tellEnd(work: Work, row: ScopeRow, end: End): void {
  const duration_ms = Math.max(0, work.ctx.now - Date.parse(row.started_at));
  const step = { ...refOf(row), duration_ms, ...(end.reused === undefined ? {} : { reused: end.reused }) };
  switch (end.status) {
    case "done":
      emit(work, "step_completed", step);
      return moveNode(work, row.id, { status: "completed" });
    case "failed": {
      const error = end.error ?? "failed";
      emit(work, "step_failed", { ...step, error });
      return moveNode(work, row.id, { status: "failed", error });
    }
    case "dropped":
      emit(work, "step_skipped", { ...step, reason: end.error ?? "another branch failed" });
      return moveNode(work, row.id, { status: "skipped" });
    default:
      end.status satisfies never;
  }
}

/** Closes what is open inside a scope that is dropped. */
function dropWithin(work: Work, row: ScopeRow): void {
  const open = openEntries(work.state).filter((entry) => isWithin(work, entry.scope, row.key));
  for (const inner of work.state.scopes.values()) {
    if (inner.status !== "open" || inner.key === row.key || !isWithin(work, inner.key, row.key)) continue;
    close(work, inner, { status: "dropped" });
  }
  closeWaits(work, open);
}

function isWithin(work: Work, scope: string, outer: string): boolean {
  for (let key: string | null = scope; key !== null; key = work.state.scopes.get(key)?.parent ?? null) {
    if (key === outer) return true;
  }
  return false;
}
