// Who acts: the principal of a command.
//
// A person (or a client with a person's token), the sandbox of a run (with the fence of its start), or the server's own
// timers. Leaves to lib/engine/policy.ts: who may do what.
import * as z from "zod";
import { RunId, SessionId } from "./ids.ts";

/** A user as others see it. */
export const UserRef = z.strictObject({ id: z.string(), name: z.string() });
/** A user as others see it. */
export type UserRef = z.infer<typeof UserRef>;

/** A person or a client with a person's token. */
export interface UserPrincipal {
  readonly kind: "user";
  readonly id: string;
  readonly name: string;
  readonly admin: boolean;
}
/** What the sandbox of a run says; refused when `fence` is not the session's. */
export interface RunPrincipal {
  readonly kind: "run";
  readonly session_id: string;
  readonly run_id: string;
  readonly fence: number;
}
/** Timers, scheduler and recovery of one instance. */
export interface SystemPrincipal {
  readonly kind: "system";
  readonly instance: string;
}
/** Who acts. */
export type Principal = UserPrincipal | RunPrincipal | SystemPrincipal;

/** Checks the identity of a run principal (for logs and tests). */
export const RunIdentity = z.strictObject({ session_id: SessionId, run_id: RunId, fence: z.int() });
