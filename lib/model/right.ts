// Rights that a person may be asked for, and what a session was granted or refused for good.
//
// `what` is the exact thing: a host ("api.example.com", "api.example.com:8443"), a real path, the digest of a question, or
// the unit of a budget. Leaves to lib/service/askable.ts: what may be asked at all.
import * as z from "zod";
import { ApprovalId, Timestamp } from "./ids.ts";

/** What a gate stands for: the call itself (`call`), a host, a path, or more of a budget. */
export const Right = z.strictObject({
  kind: z.enum(["call", "net", "read", "budget"]),
  what: z.string().max(1000),
  /** Of a budget: the limit as it was when this was asked. */
  from: z.number().optional(),
});
/** What a gate stands for. */
export type Right = z.infer<typeof Right>;

/** Longest text of a standing answer. */
export const GRANT_CHARS = 200;
/** Standing answers of one session; past that an answer holds for its leaf only. */
export const MAX_GRANTS = 100;

/** A standing answer of a session: never asked again. */
export const SessionGrant = z.strictObject({
  kind: Right.shape.kind,
  what: Right.shape.what,
  allowed: z.boolean(),
  /** What was asked, for people. */
  text: z.string().max(GRANT_CHARS),
  by: z.string(),
  at: Timestamp,
  /** The approval whose answer it is: by that it is taken back. Answers of before this was kept have none. */
  approval_id: ApprovalId.optional(),
});
/** A standing answer of a session. */
export type SessionGrant = z.infer<typeof SessionGrant>;
