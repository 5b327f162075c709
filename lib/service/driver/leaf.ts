// What a leaf that the host runs may use, and what one attempt of it comes to.
import type { EventDraft } from "../../model/event.ts";
import type { FailureData } from "../../model/journal.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import type { Right } from "../../model/right.ts";
import { AppError } from "../../model/error.ts";

/** Where a leaf stands and how it speaks; `attempt` moves when it is repeated. */
export interface LeafPlace {
  readonly session_id: string;
  readonly run_id: string;
  readonly key: string;
  readonly name: string;
  /** The step that people see it in. */
  readonly step_id: string;
  readonly attempt: number;
}

/** What one attempt may use. */
export interface Attempt {
  readonly place: LeafPlace;
  /** Aborts when the leaf is not wanted any more; its reason is never a failure of the leaf. */
  readonly signal: AbortSignal;
  /** Seconds that this attempt may take. */
  readonly timeout_s: number;
  /** Puts events into the log; the promise settles when they are committed. */
  report(events: EventDraft[], output_bytes?: number): Promise<void>;
}

/**
 * What one attempt came to. A failure with `value` is a result that may be repeated, and is the leaf's value when it is
 * not (an exec whose code failed). One with `wants` is no failure when a person may be asked for that right.
 */
export type Outcome =
  | { ok: true; value: Json }
  | { ok: false; failure: FailureData; value?: Json; wants?: Wish };

/** A right that an attempt ended for, and what people read of it. */
export interface Wish {
  readonly right: Right;
  /** What is asked, one line. */
  readonly action: string;
  readonly description: string;
  /** What the digest covers beside the right. */
  readonly about: JsonObject;
  readonly cost_usd?: number;
  /** What of it a person may change. */
  readonly modifications_schema?: JsonObject;
}

/** The failure of what was thrown. Errors of ports that carry a code keep it; all else is `error`. */
export function failureOf(error: unknown): FailureData {
  if (error instanceof AppError) return { code: error.code, message: error.message };
  if (!(error instanceof Error)) return { code: "error", message: String(error) };
  const code = "code" in error && typeof error.code === "string" ? error.code : "error";
  return { code, message: error.message, ...dataOf(error) };
}

function dataOf(error: Error): { data?: Json } {
  if (!("toData" in error) || typeof error.toData !== "function") return {};
  const data: unknown = error.toData();
  if (typeof data !== "object" || data === null || !("data" in data)) return {};
  return { data: toJson(data.data) };
}

/** The JSON copy of a value of our own. */
export function toJson(value: unknown): Json {
  const text = JSON.stringify(value);
  return text === undefined ? null : JSON.parse(text);
}
