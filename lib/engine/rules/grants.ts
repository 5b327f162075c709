// Standing answers of a session: "for this session" and "never", kept with its record and asked for no more.
//
//   S1. The answer stands for exactly what was asked: the host, the path, the digest of the call.
//   S2. The later answer to the same thing replaces the earlier one. Past 100 an answer holds for its leaf alone.
import type { ApprovalAsk, PendingApproval, Verb } from "../../model/approval.ts";
import { GRANT_CHARS, MAX_GRANTS, type Right, type SessionGrant } from "../../model/right.ts";
import type { SessionRecord } from "../../model/session.ts";
import { oneLine } from "./activity.ts";
import { actor, emit, setSession, tell, type Work } from "./work.ts";

/** The standing answer to a wish, if there is one. */
export function standing(session: Pick<SessionRecord, "grants">, right: Right): SessionGrant | undefined {
  return session.grants?.find((grant) => grant.kind === right.kind && grant.what === right.what);
}

/** Keeps an answer that was given for the session. */
export function keepAnswer(work: Work, answered: { row: PendingApproval; ask: ApprovalAsk; verb: Verb }): void {
  const { row, ask, verb } = answered;
  if (verb !== "approved_session" && verb !== "rejected_always") return;
  const entry = work.state.entries.get(row.step_id);
  const right: Right = entry?.right ?? { kind: "call", what: row.digest };
  const others = (work.state.session.grants ?? []).filter((grant) => !same(grant, right));
  if (others.length >= MAX_GRANTS) {
    emit(work, "warning", {
      code: "session_grants",
      message: `This session holds ${MAX_GRANTS} standing answers: this one counts once`,
    });
    return;
  }
  const text = oneLine(ask.action).slice(0, GRANT_CHARS);
  const grant = { ...right, allowed: verb === "approved_session", text, by: actor(work.principal), at: work.now };
  const grants = [...others, grant];
  setSession(work, { grants });
  tell(work, "session_updated", { grants });
}

const same = (grant: Right, right: Right): boolean => grant.kind === right.kind && grant.what === right.what;
