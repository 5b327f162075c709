// Sends requests to the one form of a path: with a final slash, or without.

import type { Middleware } from "../middleware.ts";

/** Redirects to the form of the path that is wanted and keeps the query; `/` stays as it is. */
export function trailingSlashes<State>(mode: "always" | "never"): Middleware<State> {
  return function redirectSlash(ctx) {
    const { pathname, search } = ctx.url;
    const has = pathname.endsWith("/");
    if (pathname === "/" || has === (mode === "always")) return ctx.next();
    return ctx.redirect((has ? pathname.slice(0, -1) : `${pathname}/`) + search);
  };
}
