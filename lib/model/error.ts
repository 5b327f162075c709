// Errors are rows of one table: code -> status, close code, retryable, title.
//
// Owns every code that a client may see. Leaves to lib/http/problem.ts: how a row is written as RFC 9457.
// Text of a detail: Cannot <verb> <thing> "<name>": <what is the case>.
import type { Json } from "./json.ts";

interface Row {
  readonly status: number;
  readonly close: number;
  readonly retryable: boolean;
  readonly title: string;
}
const row = (status: number, title: string, close = 1008, retryable = false): Row => ({
  status,
  title,
  close,
  retryable,
});

/** The table: stable code -> HTTP status, WebSocket close code, whether repeating may help, title. */
export const ERRORS = {
  bad_json: row(400, "The body is not JSON"),
  bad_request: row(400, "The request cannot be read"),
  unauthenticated: row(401, "No valid credentials"),
  forbidden: row(403, "Not allowed"),
  bad_origin: row(403, "A foreign origin"),
  not_found: row(404, "Unknown, or not visible to you", 4404),
  method_not_allowed: row(405, "This method is not offered here"),
  conflict: row(409, "The state has changed"),
  version_conflict: row(409, "Somebody changed it first"),
  wrong_state: row(409, "Not possible in this state"),
  session_busy: row(409, "The session has a run that is not over"),
  run_id_taken: row(409, "This run_id belongs to another start"),
  already_resolved: row(409, "Answered already"),
  idempotency_mismatch: row(409, "This Idempotency-Key was used for another request"),
  takes_no_messages: row(409, "This mode takes no messages"),
  too_large: row(413, "Too large", 1009),
  unsupported_media_type: row(415, "Not JSON"),
  misdirected: row(421, "A foreign Host"),
  invalid: row(422, "It does not fit the schema"),
  not_allowed_verb: row(422, "This answer is not one of those allowed"),
  too_fast: row(429, "Too many requests", 4429, true),
  internal: row(500, "An error of the server", 1011),
  busy: row(503, "Busy", 1013, true),
  in_doubt: row(503, "It may have happened: repeat with the same key", 1013, true),
  store_away: row(503, "The store does not answer", 1013, true),
  draining: row(503, "The server is going away", 1001, true),
  full: row(503, "Full", 1013, true),
  fenced: row(409, "A newer sandbox has taken over"),
  nothing_first: row(408, "No first message in time", 4408),
  slow_reader: row(503, "You read too slowly; resume from your cursor", 4499, true),
} as const satisfies Record<string, Row>;

/** A stable error code of the table. */
export type ErrorCode = keyof typeof ERRORS;

/** What an error may carry for the client beside its text. */
export interface ErrorDetails {
  /** The thing as it is now, for a 409. */
  current?: Json;
  /** Paths that do not fit, for a 422. */
  errors?: { path: string; message: string }[];
  /** Seconds for Retry-After. */
  retry_after_s?: number;
  /** Methods for Allow, for a 405. */
  allow?: string[];
  cause?: unknown;
}

/** A row of the table with its text: the one error that crosses doors. */
export class AppError extends Error {
  override readonly name = "AppError";
  constructor(readonly code: ErrorCode, message: string, readonly details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
  }
  /** HTTP status of the code. */
  get status(): number {
    return ERRORS[this.code].status;
  }
  /** WebSocket close code of the code. */
  get close(): number {
    return ERRORS[this.code].close;
  }
  /** Whether repeating may help. */
  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

/** Tells whether the store did not answer: it says so itself, once, and is asked again. */
export function isStoreAway(error: unknown): boolean {
  return error instanceof AppError && error.code === "store_away";
}

/** Turns anything thrown into the error that crosses a door: of what is no AppError nothing but the cause, for the log. */
export function toAppError(error: unknown): AppError {
  if (error instanceof AppError) return error;
  return new AppError("internal", "Cannot answer: an error of the server; its log knows the request id", {
    cause: error,
  });
}
