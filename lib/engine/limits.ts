// The numbers that decisions rest on and that no setting changes.

/** Leaves (and, apart from them, scopes) of one run. */
export const MAX_ENTRIES = 10_000;
/** Bytes of JSON that the results and failures of one run's leaves may hold together. */
export const MAX_JOURNAL_BYTES = 64 * 1024 * 1024;
/** Share of a limit or budget at which people are warned, once. */
export const WARN_AT = 0.8;
/** Messages of people that a run has not taken, and their characters; who sends more is told to wait. */
export const MAX_MAILBOX = 100;
/** Characters of the messages that a run has not taken. */
export const MAX_MAILBOX_CHARS = 1_000_000;
/** Waits for messages and timers whose end is told one by one when their run is over: it is one commit. */
export const MAX_ENDS_TOLD = 100;
/** Pending approvals of one run; the next one waits to be asked. */
export const MAX_PENDING = 50;
/** Questions in front of one leaf, and for rights in all of one run: code that wants ever more is told no. */
export const MAX_GATES = 8;
/** Gates of one run. */
export const MAX_RUN_GATES = 200;
/** A sleep of at most this keeps slot and process and writes no events. */
export const SHORT_SLEEP_MS = 10_000;
/** Wall clocks of instances may differ by this: a deadline that is nearer than this has come. */
export const TOLERANCE_MS = 2_000;
/** What a line counts beside its text: in the log an empty one takes ten times this. */
export const LINE_BYTES = 32;
/** How long a cancel of a run_id that is not known yet is kept. */
export const EARLY_CANCEL_MS = 60_000;
/** Characters of a task in lists and events. */
export const TASK_CHARS = 2_000;
/** `last_active_at` moves at most this often for output alone, so that output does not rewrite the record each time. */
export const ACTIVE_STEP_MS = 1_000;
