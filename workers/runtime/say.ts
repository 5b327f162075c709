// What is only said: events, prints, variables, skipped steps. Not awaited, no entry, in the log exactly once.
//
//   Y1. A line has a place: scope, calls so far, counter. A replay drops what stands at or before the scope's mark.
//   Y2. A step says nothing with a place: it may run again. What it prints goes to the output as it is.
import type { Json, JsonObject } from "../../lib/model/json.ts";
import type { SaidFrameItem } from "../../lib/protocol/sandbox.ts";
import { Failure } from "../sdk/failure.ts";
import type { Said } from "../sdk/types.ts";
import { caller } from "./call.ts";
import { type Here, where } from "./here.ts";
import { exactCopy, exactJson } from "./json.ts";
import { checkArgs } from "./policy.ts";
import { isDropped, isSaid, sayPlace } from "./scope.ts";

/** Longest print that is kept whole, characters. */
const MAX_PRINT = 100_000;

const EVENTS: Record<keyof Said, true> = {
  phase_change: true,
  plan_updated: true,
  agent_message: true,
  agent_thinking: true,
  warning: true,
};

function say({ run, scope }: Here, what: SaidFrameItem["say"], bytes: number): void {
  const place = sayPlace(scope);
  if (isSaid(scope, place) && run.faults.say_again !== true) return;
  run.outbox.say({ scope: scope.key, place, say: what }, bytes);
}

const bytesOf = (data: Json) => JSON.stringify(data).length;

/** ctx.emit */
export function emit<E extends keyof Said>(event: E, data: Said[E]): void {
  const here = caller("ctx.emit", event);
  if (here === null) return;
  if (!Object.hasOwn(EVENTS, event)) {
    throw new Failure("bad_args", `Cannot emit "${event}": events are ${Object.keys(EVENTS).join(", ")}`);
  }
  const copy: JsonObject = exactCopy({ ...data }, `the data of event "${event}"`);
  const filled = fill(here, event, copy);
  say(here, { what: "event", event_type: event, data: filled }, bytesOf(filled));
}

/** Fills in what the log needs and authors leave out. */
function fill({ run }: Here, event: keyof Said, data: JsonObject): JsonObject {
  if (event === "plan_updated") return { revision: ++run.plans, by: "workflow", ...data };
  if (event === "agent_message" || event === "agent_thinking") return { role: "assistant", ...data };
  return data;
}

/** ctx.skip */
export function skip(id: string, title: string, reason: string | null = null): void {
  const here = caller("ctx.skip", id);
  if (here === null) return;
  say(here, { what: "skip", id, title, reason: reason ?? "" }, id.length + title.length + (reason ?? "").length);
}

/** ctx.memory.set */
export function remember(key: string, value: Json): void {
  const here = caller("ctx.memory.set", key);
  if (here === null) return;
  checkArgs(key.length >= 1 && key.length <= 200, key, "the name of a variable has 1 to 200 characters");
  const copy = exactJson(value, `the variable "${key}"`);
  here.run.memory.set(key, copy);
  say(here, { what: "memory", key, value: copy }, key.length + bytesOf(copy));
}

/** console.*: said where a workflow runs. Returns false where it has no place in the log. */
export function print(stream: "print" | "stderr", text: string): boolean {
  const here = where();
  if (here === undefined || here.step !== null) return false;
  if (here.run.over !== null || isDropped(here.scope)) return true;
  if (here.scope.state === "ended") return false;
  const cut = text.length - MAX_PRINT;
  const message = cut > 0 ? `${text.slice(0, MAX_PRINT)}… (${cut} more characters)` : text;
  say(here, { what: "print", stream, message }, message.length);
  return true;
}
