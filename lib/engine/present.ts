// Records as clients see them: Session, Run and Approval of lib/protocol/rest.ts.
import type { ApprovalAsk, ApprovalRow } from "../model/approval.ts";
import type { Json } from "../model/json.ts";
import type { RunRecord } from "../model/run.ts";
import type { Approval, Run, Session } from "../protocol/rest.ts";
import type { Summary } from "./project.ts";
import type { EngineSettings, SessionState } from "./state.ts";
import type { WaitExtras } from "./wait.ts";

/** What the instance knows of a session beside its records. */
export type LiveExtras = Omit<WaitExtras, "open">;

/** Presents a session from its state (uncut). The session must exist. */
export function presentSession(_state: SessionState, _settings: EngineSettings, _extras: LiveExtras = {}): Session {
  throw new Error("not written yet");
}

/** Presents a session from its summary: what lists and their topics show. */
export function presentSummary(_summary: Summary, _extras: LiveExtras = {}): Session {
  throw new Error("not written yet");
}

/** Presents a run; in lists its task is cut at 2,000 characters. */
export function presentRun(_run: RunRecord, _options: { cut?: boolean } = {}): Run {
  throw new Error("not written yet");
}

/** Presents an approval: its row, what was asked, and the answer that its journal entry holds (null before). */
export function presentApproval(_row: ApprovalRow, _ask: ApprovalAsk, _result: Json = null): Approval {
  throw new Error("not written yet");
}
