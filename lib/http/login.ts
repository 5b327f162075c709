// Logging in and out: by token, and by the one-time link that the server prints at its start.
//
// Owns the answers of POST /login, POST /logout and POST /login/link as functions that the pages' routes call. A form of
// a page without JavaScript gets a redirect, a JSON client a JSON answer. Leaves to the pages how a refusal looks.
//   L1. The place to go to afterwards is a path of this server, whatever the form says.
//   L2. GET of the link changes nothing: mail scanners and previews follow links; its POST uses it up.
import { AppError } from "../model/error.ts";
import { Token } from "../model/ids.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { check } from "../protocol/check.ts";
import { Login } from "../protocol/rest.ts";
import { cookieOf, setCookie } from "./auth.ts";
import { isJson, readForm, readJsonBody } from "./body.ts";
import type { State } from "./state.ts";

type LoginState = Pick<State, "holdfast" | "config" | "log">;

/** What became of a form: an answer, or the text of a refusal that the page shows with the fields as they were. */
export type LoginResult = { ok: true; response: Response } | { ok: false; error: AppError; next: string };

/** What a form says: a JSON body, or the fields of an HTML form. */
async function readLogin(request: Request): Promise<{ token?: string; link?: string; next: string; json: boolean }> {
  const url = new URL(request.url);
  const json = isJson(request.headers.get("content-type") ?? "");
  if (json) {
    const { token, link } = check(Login, await readJsonBody(request), "body");
    return { ...(token === undefined ? {} : { token }), ...(link === undefined ? {} : { link }), next: "/", json };
  }
  const form = await readForm(request);
  const token = form.get("token") ?? undefined;
  const link = form.get("link") ?? undefined;
  const next = ownPath(form.get("next") ?? url.searchParams.get("next"));
  return { ...(token === undefined ? {} : { token }), ...(link === undefined ? {} : { link }), next, json };
}

/** Answers POST /login (and POST /login/link): logs in with a token or a link. */
export async function login(request: Request, state: LoginState): Promise<LoginResult> {
  const { token, link, next, json } = await readLogin(request);
  const session = await openSession({ token, link }, state);
  if (session === null) {
    state.log.info("login.refused", { by: link === undefined ? "token" : "link" });
    const text = link === undefined
      ? "Cannot log in: this token is not known"
      : "Cannot log in: this link was used or is too old; every start of the server prints a new one";
    const error = new AppError("unauthenticated", text);
    if (json) throw error;
    return { ok: false, error, next };
  }
  state.log.info("login.done", { user: session.principal.id, by: link === undefined ? "token" : "link" });
  const headers = new Headers({ "set-cookie": setCookie(session.cookie, state.config.public_url) });
  headers.set("cache-control", "no-store");
  const { id, name, admin } = session.principal;
  if (json) return { ok: true, response: Response.json({ id, name, admin }, { headers }) };
  headers.set("location", next);
  return { ok: true, response: new Response(null, { status: 303, headers }) };
}

function openSession(
  { token, link }: { token: string | undefined; link: string | undefined },
  { holdfast }: LoginState,
): Promise<{ cookie: string; principal: UserPrincipal } | null> {
  if (link !== undefined) return holdfast.accounts.useLink(link);
  const parsed = Token.safeParse(token?.trim());
  return parsed.success ? holdfast.accounts.login(parsed.data) : Promise.resolve(null);
}

/** Answers POST /logout: forgets the cookie on both sides. */
export async function logout(request: Request, state: Pick<State, "holdfast" | "config">): Promise<Response> {
  const cookie = cookieOf(request.headers);
  if (cookie !== null) await state.holdfast.accounts.logout(cookie);
  const headers = new Headers({ "set-cookie": setCookie(null, state.config.public_url), "cache-control": "no-store" });
  if ((request.headers.get("accept") ?? "").includes("application/json")) {
    return new Response(null, { status: 204, headers });
  }
  headers.set("location", "/login");
  return new Response(null, { status: 303, headers });
}

/** The secret of a login link's address, and whether it can still be used. Changes nothing. */
export async function readLink(url: URL, state: Pick<State, "holdfast">): Promise<{ secret: string; usable: boolean }> {
  const secret = url.searchParams.get("code") ?? "";
  return { secret, usable: secret !== "" && await state.holdfast.accounts.peekLink(secret) };
}

/** The address of a login link, as the server prints it. */
export function linkAddress(own: string, secret: string): string {
  return `${own}/login/link?code=${encodeURIComponent(secret)}`;
}

/** A path of this server; anything else is the start page. */
export function ownPath(next: string | null): string {
  if (next === null || !next.startsWith("/")) return "/";
  const url = URL.parse(next, "http://own.invalid");
  // A browser takes `//host` and `/\host` for other servers, and `/.//host` becomes the first.
  if (url === null || url.host !== "own.invalid" || url.pathname.startsWith("//")) return "/";
  return url.pathname + url.search + url.hash;
}
