// `fresh`: the part of `@fresh/core` 2.3 that this project uses, with the same names and meaning.
//
// The real package is published on JSR only. While `links` in the root `deno.json` points here,
// `import ... from "fresh"` means this folder; without `links` it means the real one, and the app
// must run with both. So nothing is exported that the real package lacks.

export { App, type ListenOptions } from "./app.ts";
export type {
  Context,
  FreshConfig,
  FreshContext,
  ResolvedFreshConfig,
  WebSocketHandlers,
  WebSocketUpgradeOptions,
} from "./context.ts";
export { createDefine, type Define } from "./define.ts";
export { HttpError } from "./error.ts";
export {
  type HandlerByMethod,
  type HandlerFn,
  type Method,
  page,
  type PageResponse,
  type RouteData,
  type RouteHandler,
} from "./handlers.ts";
export type { Middleware, MiddlewareFn } from "./middleware.ts";
export { csp, type CSPOptions } from "./middlewares/csp.ts";
export { csrf, type CsrfOptions } from "./middlewares/csrf.ts";
export { staticFiles } from "./middlewares/static_files.ts";
export { trailingSlashes } from "./middlewares/trailing_slashes.ts";
export type { LayoutConfig, Lazy, MaybeLazy, PageProps, RouteConfig } from "./route.ts";
export type { Island } from "./snapshot.ts";
