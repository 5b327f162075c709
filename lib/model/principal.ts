// Who acts: the principal of a command.
//
// A person (or a client with a person's token), the sandbox of a run (with the fence of its start), or the server's own
// timers. Leaves to lib/engine/policy.ts: who may do what.
import * as z from "zod";
import { RunId, SessionId } from "./ids.ts";

/** Id of a person: short, because it stands in every list. */
export const UserId = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._@-]{0,39}$/, "1-40 characters A-Z a-z 0-9 . _ @ -");
/** Name of a person as others see it. */
export const UserName = z.string().regex(
  /^[^\p{C}\s](?:[^\p{C}]{0,38}[^\p{C}\s])?$/u,
  "1-40 characters, no line breaks",
);

/** A user as others see it. */
export const UserRef = z.strictObject({ id: z.string(), name: z.string() });
/** A user as others see it. */
export type UserRef = z.infer<typeof UserRef>;

/** What a principal showed to come in: a token, or the cookie of a login with it. */
export interface Credential {
  readonly token_id: string;
  /** SHA-256 of the cookie. */
  readonly login?: string;
  /** When it ends by itself, milliseconds since the epoch; left out: never. */
  readonly until_ms?: number;
}
/** What has ended: a token with all its logins, or one login. */
export type Ended = { readonly token_id: string } | { readonly login: string };
/** Tells whether a credential has ended with something. */
export function endsWith(credential: Credential, ended: Ended): boolean {
  return "token_id" in ended ? credential.token_id === ended.token_id : credential.login === ended.login;
}

/** A person or a client with a person's token. */
export interface UserPrincipal {
  readonly kind: "user";
  readonly id: string;
  readonly name: string;
  readonly admin: boolean;
  /** What was shown at the door; absent with authentication off and inside the server. */
  readonly credential?: Credential;
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
