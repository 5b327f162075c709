// Refuses requests that another site's page made a browser send.
//
// Source: the Fetch Metadata headers (W3C), with `Origin` where a browser does not send them.

import type { Context } from "../context.ts";
import { HttpError } from "../error.ts";
import type { Middleware } from "../middleware.ts";

/** Options of {@linkcode csrf}. */
export interface CsrfOptions<State = unknown> {
  /** The origins that are allowed besides the own one. */
  origin?: string | string[] | ((origin: string, ctx: Context<State>) => boolean);
}

const READING = new Set(["GET", "HEAD", "OPTIONS"]);

/** Lets reading requests and those of allowed origins pass; answers all others with 403. */
export function csrf<State>(options: CsrfOptions<State> = {}): Middleware<State> {
  const isAllowed = (origin: string, ctx: Context<State>): boolean => {
    const { origin: allowed = ctx.url.origin } = options;
    if (typeof allowed === "function") return allowed(origin, ctx);
    return [allowed].flat().includes(origin);
  };
  return async function refuseForeign(ctx) {
    const { headers, method } = ctx.req;
    const site = headers.get("sec-fetch-site");
    const origin = headers.get("origin");
    const isOwn = site === null ? origin === null : site === "same-origin" || site === "none";
    if (READING.has(method) || isOwn || (origin !== null && isAllowed(origin, ctx))) return await ctx.next();
    throw new HttpError(403);
  };
}
