// Who may make and end tokens.
//
//   TK1. Administrators make tokens for anybody, in any role; all others only for themselves, without the role.
//   TK2. Who is no administrator cannot make a token that outlives the one that they came in with.
//   TK3. A person has at most MAX_TOKENS; what has expired counts until it is revoked.
//   TK4. A token is seen and ended by the person it is for, and by administrators; from all others it is hidden.
// Leaves to lib/service/accounts.ts: whose tokens there are.
import type { UserPrincipal, UserRef } from "../model/principal.ts";
import { timestamp } from "../model/ids.ts";
import { refuse } from "./rules/work.ts";
import type { Refusal } from "./state.ts";

/** Tokens that a person may have. */
export const MAX_TOKENS = 100;

/** What is asked for; what is left out is the asking person, the role `user`, no end. */
export interface WantedToken {
  label: string;
  user?: { id: string; name?: string };
  role?: "admin" | "user";
  expires_in_s?: number;
}
/** What the decision rests on. */
export interface TokenFacts {
  readonly now: number;
  /** How the person is called on tokens that there are. */
  readonly known: UserRef | null;
  /** Tokens of that person. */
  readonly count: number;
  /** When the token ends that the maker came in with. */
  readonly maker_ends: string | null;
}
/** A token that may be made. */
export interface DecidedToken {
  user: UserRef;
  admin: boolean;
  label: string;
  expires_at: string | null;
}

/** Decides what token is made, if any. Pure. */
export function decideToken(
  maker: UserPrincipal,
  wanted: WantedToken,
  facts: TokenFacts,
): { ok: true; token: DecidedToken } | Refusal {
  const id = wanted.user?.id ?? maker.id;
  const own = id === maker.id;
  if (!maker.admin && (!own || wanted.role === "admin")) {
    return refuse("forbidden", "Cannot make this token: only administrators make tokens for others or with their role");
  }
  if (facts.count >= MAX_TOKENS) {
    return refuse("conflict", `Cannot make a token: "${id}" has ${facts.count}, the most there may be; revoke one`);
  }
  const ends = endOf(maker, wanted, facts);
  if (ends === "too_late") {
    const errors = [{ path: "expires_in_s", message: `the token that you came in with ends at ${facts.maker_ends}` }];
    return refuse("invalid", "Cannot make a token that outlives the one that you came in with", { errors });
  }
  const name = wanted.user?.name ?? (own ? maker.name : facts.known?.name ?? id);
  const admin = wanted.role === "admin";
  return { ok: true, token: { user: { id, name }, admin, label: wanted.label, expires_at: ends } };
}

/** When the token ends: as asked for, and by rule TK2 with the maker's own. */
function endOf(maker: UserPrincipal, wanted: WantedToken, { now, maker_ends }: TokenFacts): string | null | "too_late" {
  const asked = wanted.expires_in_s === undefined ? null : timestamp(now + wanted.expires_in_s * 1000);
  if (maker.admin || maker_ends === null) return asked;
  if (asked === null) return maker_ends;
  return asked > maker_ends ? "too_late" : asked;
}

/** Tells whether a person sees a token and may end it. */
export function mayEndToken(principal: UserPrincipal, token: { user: UserRef }): boolean {
  return principal.admin || token.user.id === principal.id;
}
