// The frame that comes by the hundred thousand, checked by hand: what a workflow says.
//
// Agrees with the schema of lib/protocol/sandbox.ts (a property test compares them), but knows only the usual shapes: a
// no means that the schema has to look, never that a frame is wrong.
//   H1. It is only for what JSON.parse made: there is no undefined, no date and no cycle in it.
import type { ChildFrame } from "./sandbox.ts";
import { MAX_SAID_ITEMS } from "./sandbox.ts";

type SaidFrame = Extract<ChildFrame, { type: "said" }>;

const MAX_KEY = 2000;

/** Whether a parsed frame is a `said` frame of plain prints and events for certain. */
export function isPlainSaid(frame: unknown): frame is SaidFrame {
  if (!isRecord(frame) || frame["type"] !== "said" || !holds(frame, 2)) return false;
  const items = frame["items"];
  if (!Array.isArray(items) || items.length === 0 || items.length > MAX_SAID_ITEMS) return false;
  return items.every(isPlainItem);
}

function isPlainItem(item: unknown): boolean {
  if (!isRecord(item) || !holds(item, 3)) return false;
  const { scope, place, say } = item;
  if (typeof scope !== "string" || scope.length > MAX_KEY) return false;
  if (!isRecord(place) || !holds(place, 2) || !isCount(place["leaves"]) || !isCount(place["counter"])) return false;
  if (!isRecord(say)) return false;
  if (say["what"] === "print") {
    const known = say["stream"] === "print" || say["stream"] === "stderr";
    return known && typeof say["message"] === "string" && holds(say, 3);
  }
  return say["what"] === "event" && typeof say["event_type"] === "string" && isFlat(say["data"]) && holds(say, 3);
}

/** An object of texts, finite numbers and yes or no. */
function isFlat(data: unknown): boolean {
  if (!isRecord(data)) return false;
  for (const key in data) {
    const value = data[key];
    if (key === "__proto__") return false;
    if (typeof value === "string" || typeof value === "boolean" || value === null) continue;
    if (typeof value !== "number" || !Number.isFinite(value)) return false;
  }
  return true;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Exactly so many names: with those that were asked for there is no other. */
function holds(value: Record<string, unknown>, names: number): boolean {
  let count = 0;
  for (const _ in value) count++;
  return count === names;
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) >= 0;
