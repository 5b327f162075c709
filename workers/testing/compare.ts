// Whether a replay is the run that it repeats: what it called, what it said, what it came to.
import type { Json } from "../../lib/model/json.ts";
import type { BeginFrame, SaidFrameItem } from "../../lib/protocol/sandbox.ts";
import { canonical } from "../runtime/json.ts";
import { type HostJournal, isDropped } from "./journal.ts";
import type { LifeEnd, StandsStill } from "./life.ts";

/** A life with what it left behind. */
export interface Lived {
  readonly end: LifeEnd;
  readonly journal: HostJournal;
}

const WHY =
  "What it depends on is not in the journal: a variable set inside a step, one outside of run(), a clock or " +
  "random numbers that do not come from ctx, or a promise that is not a leaf.";
const MAX_SHOWN = 2000;

const shown = (value: unknown) => {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text;
};
const argsOf = (frame: BeginFrame): Json => JSON.parse(JSON.stringify("args" in frame ? frame.args : null));

/** Says how a replay differs from the run, or null. */
export function difference(first: Lived, replay: Lived): string | null {
  const found = ofEnd(first, replay) ?? ofCalls(first, replay.end.begun) ?? ofRest(first, replay) ??
    ofSaid(first, replay) ?? ofResult(first, replay);
  return found === null ? null : `${found}. ${WHY}`;
}

/** Says how a replay that stands still differs from the run so far. */
export function differenceSoFar(first: Lived, still: StandsStill): string {
  return `${ofCalls(first, still.begun) ?? still.message}. ${WHY}`;
}

/** The rules that the runtime itself found broken. */
function ofEnd(_first: Lived, { end }: Lived): string | null {
  return end.last.type === "mismatch" ? end.last.message : null;
}

function ofCalls(first: Lived, begun: readonly BeginFrame[]): string | null {
  const before = new Map(first.end.begun.map((frame) => [frame.key, frame]));
  for (const frame of begun) {
    const was = before.get(frame.key);
    if (was === undefined) return `It calls ${frame.kind} "${frame.key}", which the run did not call`;
    if (was.kind !== frame.kind || was.pos !== frame.pos || was.scope !== frame.scope) {
      return `It calls ${frame.kind} "${frame.key}" at another place`;
    }
    if (was.digest !== frame.digest || canonical(argsOf(was)) !== canonical(argsOf(frame))) {
      return `It calls ${frame.kind} "${frame.key}" with ${shown(argsOf(frame))} instead of ${shown(argsOf(was))}`;
    }
  }
  return null;
}

/** What the run called and the replay did not; in a dropped branch a replay begins nothing that had not begun. */
function ofRest(first: Lived, replay: Lived): string | null {
  const left = first.end.begun.find(({ key, scope }) =>
    !replay.journal.entries.has(key) && !isDropped(replay.journal, scope)
  );
  return left === undefined ? null : `It does not call ${left.kind} "${left.key}"`;
}

/** What a journal's scopes have said, each in its order. */
export function saidByScope(journal: { readonly said: readonly SaidFrameItem[] }): Map<string, Json[]> {
  const scopes = new Map<string, Json[]>();
  for (const { scope, place, say } of journal.said) {
    const lines = scopes.get(scope) ?? [];
    lines.push(JSON.parse(JSON.stringify([place.leaves, place.counter, say])));
    scopes.set(scope, lines);
  }
  return scopes;
}

function ofSaid(first: Lived, replay: Lived): string | null {
  const before = saidByScope(first.journal);
  const after = saidByScope(replay.journal);
  for (const scope of new Set([...before.keys(), ...after.keys()])) {
    const was = before.get(scope) ?? [];
    const is = after.get(scope) ?? [];
    for (let i = 0; i < Math.max(was.length, is.length); i++) {
      if (shown(was[i]) !== shown(is[i])) return `In "${scope}" it says ${shown(is[i])} instead of ${shown(was[i])}`;
    }
  }
  return null;
}

function ofResult(first: Lived, replay: Lived): string | null {
  const [was, is] = [resultOf(first.end), resultOf(replay.end)];
  return canonical(was) === canonical(is) ? null : `It ends with ${shown(is)} instead of ${shown(was)}`;
}

/** The result without its traceback, which names lines and not what happened. */
export function resultOf(end: LifeEnd): Json {
  if (end.last.type === "mismatch") return { mismatch: end.last.code };
  const { result } = end.last;
  return JSON.parse(JSON.stringify(result.ok ? result : { ok: false, failure: result.failure }));
}
