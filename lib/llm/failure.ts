// Why a model turn failed, as the service journals it: a code for programs, a message for people.
//
// Codes: `http` (the service answered with an error, or cannot be reached), `timeout` (it fell silent), `bad_output` (what
// it answered is not what was asked), `refused` (it declined), `bad_runbook` (the task cannot be followed).
// No message ever holds the key: the gateway redacts before it throws.
import type { FailureData } from "../model/journal.ts";
import type { Json } from "../model/json.ts";

/** What an error of the service says about asking again. */
export interface Again {
  /** Seconds that the service asked to wait; null when it did not say. */
  after_s: number | null;
}

/** A model turn that failed. `data.usage` is the usage of a result, where tokens were used all the same. */
export class FailureError extends Error {
  override readonly name = "FailureError";
  constructor(
    readonly code: string,
    message: string,
    readonly data: Json = null,
    /** Set when asking again may help. */
    readonly again: Again | null = null,
  ) {
    super(message);
  }
  /** Gives the plain data of the journal. */
  toData(): FailureData {
    return this.data === null
      ? { code: this.code, message: this.message }
      : { code: this.code, message: this.message, data: this.data };
  }
}
