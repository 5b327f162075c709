// Standing answers of a session: "for this session" and "never", kept with its record and asked for no more.
//
//   S1. The answer stands for exactly what was asked: the host, the path, the digest of the call.
//   S2. The later answer to the same thing replaces the earlier one. Past 100 an answer holds for its leaf alone.
//   S3. One that is taken back is asked for again by the next leaf that wants it; a leaf that has begun keeps what it
//       began with. Taking back again changes nothing.
import type { ApprovalAsk, PendingApproval, Verb } from "../../model/approval.ts";
import { GRANT_CHARS, MAX_GRANTS, type Right, type SessionGrant } from "../../model/right.ts";
import type { SessionRecord } from "../../model/session.ts";
import { oneLine } from "./activity.ts";
import { actor, emit, type Of, type Outcome, refuse, setSession, tell, type Work } from "./work.ts";

/** The standing answer to a wish, if there is one. */
export function standing(session: Pick<SessionRecord, "grants">, right: Right): SessionGrant | undefined {
  return session.grants?.find((grant) => grant.kind === right.kind && grant.what === right.what);
}

/** Keeps an answer that was given for the session. */
export function keepAnswer(work: Work, answered: { row: PendingApproval; ask: ApprovalAsk; verb: Verb }): void {
  const { row, ask, verb } = answered;
  if (verb !== "approved_session" && verb !== "rejected_always") return;
  const entry = work.state.entries.get(row.step_id);
  const { kind, what }: Right = entry?.right ?? { kind: "call", what: row.digest };
  const right = { kind, what };
  const others = (work.state.session.grants ?? []).filter((grant) => !same(grant, right));
  if (others.length >= MAX_GRANTS) {
    emit(work, "warning", {
      code: "session_grants",
      message: `This session holds ${MAX_GRANTS} standing answers: this one counts once`,
    });
    return;
  }
  const text = oneLine(ask.action).slice(0, GRANT_CHARS);
  const given = { by: actor(work.principal), at: work.now, approval_id: row.approval_id };
  const grant: SessionGrant = { ...right, allowed: verb === "approved_session", text, ...given };
  const grants = [...others, grant];
  setSession(work, { grants });
  tell(work, "session_updated", { grants });
}

/** A person takes a standing answer back. */
export function takeBackAnswer(work: Work, command: Of<"take_back_answer">): Outcome {
  const { approval_id } = command;
  const held = work.state.session.grants ?? [];
  const grant = held.find((one) => one.approval_id === approval_id);
  if (grant === undefined) return goneAlready(work, approval_id);
  const grants = held.filter((one) => one !== grant);
  setSession(work, { grants });
  tell(work, "session_updated", { grants, taken_back: { text: grant.text, by: actor(work.principal) } });
  return { reply: { taken_back: true } };
}

/** Taken back before, or replaced by a later answer; what was never a standing answer of this session is unknown. */
function goneAlready(work: Work, approval_id: string): Outcome {
  const row = work.state.approvals.get(approval_id) ?? work.ctx.outside.approval?.row;
  const stood = row?.approval_id === approval_id && row.session_id === work.state.session.session_id &&
    row.status === "resolved" && (row.resolution === "approved_session" || row.resolution === "rejected_always");
  if (stood) return { same: { taken_back: false } };
  return refuse("not_found", `Cannot take back answer "${approval_id}": this session holds no such standing answer`);
}

const same = (grant: Right, right: Right): boolean => grant.kind === right.kind && grant.what === right.what;
