// What is said without being waited for: lines with a place in their scope, and raw output without one.
//
//   M1. A line at or below the mark of its scope was said before: it changes nothing. The mark moves with the lines, in
//       the same commit, so each stands in the log exactly once. Counters begin at 1.
//   M2. Nothing said in a dropped scope counts.
//   M3. Only the types listed here can be said: status, steps, approvals and ends are the engine's own words.
//   M4. Over its output limit a run fails; what was said until then stands. All that is said counts, each line with its
//       place in the log: nobody fills the store with empty lines or with messages.
import type { EventDraft, EventType } from "../../model/event.ts";
import type { Place, ScopeRow } from "../../model/journal.ts";
import type { OpenRun } from "../../model/run.ts";
import { utf8Length } from "../../model/utf8.ts";
import { LINE_BYTES } from "../limits.ts";
import { isDropped } from "../open.ts";
import { stepOfLeaf, stepOfScope, type StepRef } from "../steps.ts";
import { failNow } from "./ends.ts";
import { moveNode, takeStepNumber, updatePlan } from "./plans.ts";
import {
  emit,
  isRefusal,
  type Of,
  openRun,
  type Outcome,
  refuse,
  setRun,
  setScope,
  setSession,
  type Work,
} from "./work.ts";

type Item = Of<"say">["items"][number];

const SAYABLE: ReadonlySet<EventType> = new Set<EventType>([
  "phase_change",
  "plan_updated",
  "agent_message",
  "agent_thinking",
  "warning",
  "output",
]);
const REPORTABLE: ReadonlySet<EventType> = new Set<EventType>([
  "output",
  "agent_delta",
  "agent_message",
  "agent_thinking",
  "agent_tool_call",
  "file_created",
  "file_updated",
  "warning",
  "error",
]);

/** The sandbox says lines, each at its place. */
export function say(work: Work, command: Of<"say">): Outcome {
  for (const { scope, say: said } of command.items) {
    if (!work.state.scopes.has(scope)) return refuse("conflict", `Cannot say in "${scope}": there is no such scope`);
    if (said.what !== "event" || SAYABLE.has(said.draft.event_type)) continue;
    return refuse("invalid", `Cannot say ${said.draft.event_type}: only the server does`);
  }
  const marks = new Map<string, Place>();
  let bytes = 0;
  for (const item of command.items) {
    const mark = marks.get(item.scope) ?? scopeOf(work, item.scope).mark;
    if (!isAfter(item.place, mark) || isDropped(work.state, item.scope)) continue;
    marks.set(item.scope, item.place);
    bytes += LINE_BYTES + sayOne(work, item);
  }
  if (marks.size === 0) return { same: { said: 0 } };
  for (const [scope, mark] of marks) setScope(work, { ...scopeOf(work, scope), mark });
  return countOutput(work, bytes) ?? { reply: { said: work.events.length } };
}

function scopeOf(work: Work, scope: string): ScopeRow {
  const row = work.state.scopes.get(scope);
  if (row === undefined) throw new RangeError(`Cannot say in "${scope}": there is no such scope`);
  return row;
}

function isAfter(place: Place, mark: Place): boolean {
  return place.leaves > mark.leaves || (place.leaves === mark.leaves && place.counter > mark.counter);
}

/** Says one item; returns the bytes of its text. */
function sayOne(work: Work, item: Item): number {
  switch (item.say.what) {
    case "event":
      return sayEvent(work, item.scope, item.say.draft);
    case "memory": {
      const { key, value } = item.say;
      setSession(work, { memory: { ...work.state.session.memory, [key]: value } });
      emit(work, "context_updated", { set: { [key]: value }, unset: [] });
      return jsonLength(value);
    }
    case "skip":
      skip(work, item.scope, item.say);
      return jsonLength(item.say);
    default:
      return item.say satisfies never;
  }
}

function sayEvent(work: Work, scope: string, draft: EventDraft): number {
  if (draft.event_type === "plan_updated") {
    updatePlan(work, draft.data);
    return jsonLength(draft.data);
  }
  if (draft.event_type === "phase_change") {
    const { phase, step } = draft.data;
    setSession(work, { current_phase: phase, ...(step === undefined ? {} : { current_step: step }) });
    emit(work, "phase_change", draft.data);
    return jsonLength(draft.data);
  }
  push(work, draft, stepOfScope(work.state, scope));
  return draft.event_type === "output" ? utf8Length(draft.data.message) : jsonLength(draft.data);
}

/** A step that is not done: a row like a group that ends at once. */
function skip(work: Work, scope: string, what: { id: string; title: string; reason: string }): void {
  const step_id = scope === "" ? what.id : `${scope}/${what.id}`;
  const around = stepOfScope(work.state, scope)?.step_number ?? null;
  const step_number = takeStepNumber(work, { step_id, id: what.id, around });
  const attempt = work.state.scopes.get(step_id)?.attempt ?? 1;
  emit(work, "step_skipped", { step_id, step_number, name: what.title, attempt, reason: what.reason });
  moveNode(work, what.id, { status: "skipped" });
}

/** The host reports what has no place of its own: output of an exec, deltas of a model turn. */
export function report(work: Work, command: Of<"report">): Outcome {
  const wrong = command.events.find((event) => !REPORTABLE.has(event.event_type));
  if (wrong !== undefined) return refuse("invalid", `Cannot report ${wrong.event_type}: only the engine says it`);
  const steps = new Map<string, StepRef | null>();
  for (const event of command.events) {
    const key = "step_id" in event.data && typeof event.data.step_id === "string" ? event.data.step_id : null;
    if (key !== null && !steps.has(key)) steps.set(key, stepOfLeaf(work.state, key));
    push(work, event, key === null ? null : steps.get(key) ?? null);
  }
  return countOutput(work, command.output_bytes) ?? { reply: { reported: command.events.length } };
}

/** Writes an event of the run; what came from a leaf is told under its step. */
function push(work: Work, event: EventDraft, step: StepRef | null): void {
  const run_id = work.state.run?.run_id ?? null;
  if (event.run_id === run_id && (step === null || isOf(event, step))) return void work.events.push(event);
  const where = step === null ? {} : { step_id: step.step_id, attempt: step.attempt };
  // The type and its data stay together; only who said it, and where, is filled in.
  work.events.push({ ...event, run_id, data: { ...event.data, ...where } } as EventDraft);
}

/** Whether an event names its step already: nearly all output does, and a copy of each line would cost as much again. */
function isOf({ data }: EventDraft, { step_id, attempt }: StepRef): boolean {
  return "step_id" in data && data.step_id === step_id && data.attempt === attempt;
}

function countOutput(work: Work, bytes: number): Outcome | null {
  const run = openRun(work, work.state.run?.run_id ?? "", "hear");
  if (isRefusal(run) || bytes === 0) return null;
  const counted: OpenRun = { ...run, output_bytes: run.output_bytes + bytes };
  setRun(work, counted);
  const limit = work.ctx.settings.output_bytes;
  if (counted.output_bytes <= limit) return null;
  return failNow(work, counted, { type: "output", message: `The run wrote more than ${limit} bytes of output` });
}

const jsonLength = (value: unknown): number => utf8Length(JSON.stringify(value));
