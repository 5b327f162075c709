// The rows of a session as they are stored: their schemas, in one place.
//
//   S1. Journal rows carry a format number. A reader for each older format stays until no run that is not over has it.
//   S2. The session's row also names its last run, so that a load needs no search.
import * as z from "zod";
import { JournalEntry, ScopeRow } from "../model/journal.ts";
import { SessionRecord } from "../model/session.ts";

/** Format that journal rows are written in. */
export const JOURNAL_FORMAT = 1;

/** The row of a session. */
export const SessionRow = z.strictObject({ session: SessionRecord, last_run_id: z.string().nullable() });
/** The row of a leaf. */
export const EntryRow = z.strictObject({ f: z.literal(JOURNAL_FORMAT), entry: JournalEntry });
/** The row of a scope. */
export const ScopeRecord = z.strictObject({ f: z.literal(JOURNAL_FORMAT), scope: ScopeRow });
/** The row of a message that no wait has taken. */
export const MailboxRow = z.strictObject({
  message_id: z.string(),
  content: z.string(),
  by: z.string(),
  at: z.string(),
});
/** Where an approval lies. */
export const ApprovalIndex = z.strictObject({ session_id: z.string(), run_id: z.string() });
/** Whose run_id it is. */
export const RunIndex = z.strictObject({ session_id: z.string(), start_digest: z.string(), principal: z.string() });
/** The session of a row that lies outside of it. */
export const OfSession = z.strictObject({ session_id: z.string() });
/** What is due: the id as it is, however it stands in the key. */
export const DueRow = z.strictObject({ session_id: z.string(), id: z.string() });
/** Who executes a run. */
export const LeaseRow = z.strictObject({ session_id: z.string(), instance: z.string(), fence: z.int() });
