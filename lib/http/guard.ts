// The root middleware: who asks, who may see pages, and errors in the form that the asker can read.
//
// Machine paths (/api, /ws, /metrics) answer problem documents, unknown ones too. Pages without credentials lead to the
// login and come back; an AppError in a page becomes Fresh's HttpError, so that the error page shows it.
//   GU2. How fast somebody asks is counted here, once for each request, whatever it asks for.
//   GU1. Which pages exist is not told to those without credentials: unknown pages lead to the login too.
import { HttpError } from "fresh";
import { AppError } from "../model/error.ts";
import { refuse } from "./api.ts";
import { identify } from "./auth.ts";
import type { State } from "./state.ts";

/** The part of Fresh's context that the guard uses. */
export interface GuardContext {
  req: Request;
  url: URL;
  state: State;
  next(): Promise<Response>;
}

/** Pages that are open to everyone. */
const OPEN_PAGES = new Set(["/login", "/login/link", "/logout"]);
const MACHINE = /^\/(api|ws|metrics)(\/|$)/;

/** Sets ctx.state.principal, then answers or lets the route answer. */
export async function guard(ctx: GuardContext): Promise<Response> {
  const { state } = ctx;
  const machine = MACHINE.test(ctx.url.pathname);
  try {
    state.principal = (await identify(ctx.req.headers, { accounts: state.holdfast.accounts, auth: state.config.auth }))
      .principal;
    if (state.principal !== null) state.rate.take(state.principal);
    if (!machine && state.principal === null && !OPEN_PAGES.has(withoutSlash(ctx.url.pathname))) return toLogin(ctx);
    return await ctx.next();
  } catch (error) {
    if (machine) return refuse(fromFresh(error, ctx), state);
    if (isUnexpected(error)) state.log.error("http.failed", { user: state.principal?.id ?? null, error });
    throw toFresh(error);
  }
}

/** Tells whether a page failed for a reason that nobody foresaw: its error page says only the request id. */
const isUnexpected = (error: unknown) =>
  !(error instanceof HttpError || error instanceof AppError) || error.status === 500;

const withoutSlash = (path: string) => path.length > 1 ? path.replace(/\/$/, "") : path;

function toLogin({ req, url }: GuardContext): Response {
  const seen = req.method === "GET" || req.method === "HEAD";
  const next = seen && url.pathname !== "/" ? `?next=${encodeURIComponent(url.pathname + url.search)}` : "";
  return new Response(null, {
    status: 303,
    headers: { location: `/login${next}`, "cache-control": "no-store" },
  });
}

/** Errors of Fresh's router under machine paths: no route, or no method. */
function fromFresh(error: unknown, { req, url }: GuardContext): unknown {
  if (!(error instanceof HttpError)) return error;
  if (error.status === 405) return new AppError("method_not_allowed", `Cannot ${req.method} ${url.pathname}`);
  if (error.status === 404) return new AppError("not_found", `Cannot find ${url.pathname}: there is no such path`);
  return error.status < 500 ? new AppError("bad_request", error.message || "Cannot read the request") : error;
}

/** An error of ours as Fresh's, whose error pages keep its status and text. */
function toFresh(error: unknown): unknown {
  if (!(error instanceof AppError)) return error;
  // Fresh types the status as the union of all 4xx and 5xx codes; the error table holds no others.
  const status = error.status as HttpError["status"];
  return new HttpError(status, error.message, { cause: error });
}
