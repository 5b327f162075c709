// Credentials of a request: a bearer token, the cookie, or the sub-protocol of a WebSocket.
//
// Owns where credentials may stand and how the cookie is written. Leaves to the service's accounts: whose they are.
//   A1. A bearer token goes before the cookie; a wrong one is not made good by the cookie beside it.
//   A2. With authentication off everyone is the administrator (the configuration allows that on loopback only).
import { Token } from "../model/ids.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { Accounts } from "../service/holdfast.ts";

/** Name of the cookie. */
export const COOKIE = "holdfast_session";
/** The sub-protocol of both live doors. */
export const PROTOCOL = "holdfast.v1";

/** Who asks, and how that was shown. */
export interface Identity {
  principal: UserPrincipal | null;
  /** Whether the request carries the cookie, valid or not. */
  cookie: boolean;
}

/** Finds out who asks. Throws what the accounts throw (the store away). */
export async function identify(
  headers: Headers,
  options: { accounts: Accounts; auth: "on" | "off" },
): Promise<Identity> {
  const value = cookieOf(headers);
  const cookie = value !== null;
  if (options.auth === "off") return { principal: options.accounts.administrator, cookie };
  const bearer = bearerOf(headers);
  if (bearer !== null) {
    const token = Token.safeParse(bearer);
    return { principal: token.success ? await options.accounts.byToken(token.data) : null, cookie };
  }
  return { principal: value === null ? null : await options.accounts.byCookie(value), cookie };
}

/** The token of a request, "" for credentials of another kind, or null for none. */
function bearerOf(headers: Headers): string | null {
  const sent = headers.get("authorization");
  if (sent !== null) return /^Bearer +(\S+) *$/i.exec(sent)?.[1] ?? "";
  const offered = protocolsOf(headers).find((one) => one.startsWith("bearer."));
  return offered === undefined ? null : offered.slice("bearer.".length);
}

/** The sub-protocols that a WebSocket client offers. */
export function protocolsOf(headers: Headers): string[] {
  return (headers.get("sec-websocket-protocol") ?? "").split(",").map((one) => one.trim()).filter((one) => one !== "");
}

/** The value of our cookie, or null. */
export function cookieOf(headers: Headers): string | null {
  for (const pair of (headers.get("cookie") ?? "").split(";")) {
    const at = pair.indexOf("=");
    if (at > 0 && pair.slice(0, at).trim() === COOKIE) return pair.slice(at + 1).trim();
  }
  return null;
}

/** The Set-Cookie header that logs in, or with null logs out. */
export function setCookie(value: string | null, own: string): string {
  const secure = own.startsWith("https:") ? "; Secure" : "";
  const age = value === null ? "; Max-Age=0" : `; Max-Age=${COOKIE_AGE_S}`;
  return `${COOKIE}=${value ?? ""}; Path=/; HttpOnly; SameSite=Lax${age}${secure}`;
}

/** The browser forgets the cookie after this; the server may sooner. */
const COOKIE_AGE_S = 30 * 24 * 3600;
