// Numbers that clients, authors and the design rely on: other tests use them by name, this one says what they are.
import { assertEquals } from "@std/assert";
import * as limits from "../../lib/engine/limits.ts";
import { MAX_SUMMARY_BYTES } from "../../lib/engine/summary.ts";

Deno.test("[ENG-LIM1] the limits of a run are those that are promised", () => {
  assertEquals({ ...limits, MAX_SUMMARY_BYTES }, {
    MAX_ENDS_TOLD: 100,
    MAX_ENTRIES: 10_000,
    MAX_JOURNAL_BYTES: 67_108_864,
    WARN_AT: 0.8,
    MAX_MAILBOX: 100,
    MAX_MAILBOX_CHARS: 1_000_000,
    MAX_PENDING: 50,
    MAX_GATES: 8,
    MAX_RUN_GATES: 200,
    SHORT_SLEEP_MS: 10_000,
    TOLERANCE_MS: 2_000,
    LINE_BYTES: 32,
    EARLY_CANCEL_MS: 60_000,
    TASK_CHARS: 2_000,
    ACTIVE_STEP_MS: 1_000,
    MAX_SUMMARY_BYTES: 400,
  });
});
