// Runs a page route: its handler, then its component inside the layouts and the app wrapper.
//
//   P1. Without any handler a component is rendered for every method with `data = {}`.
//   P2. Handlers by method without GET, with a component: GET renders with `data = {}`.
//   P3. A missing method goes on with `ctx.next()`; HEAD takes the GET handler.
//   P4. A handler's `Response` is returned as it is.

import { type Context, uiOf } from "./context.ts";
import { HttpError } from "./error.ts";
import type { HandlerByMethod, HandlerFn, Method, PageResponse, RouteHandler } from "./handlers.ts";
import type { AnyNode } from "./node.ts";
import { renderComponent } from "./render.ts";
import type { Route } from "./route.ts";

const METHODS: readonly Method[] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

const renderEmpty = (): PageResponse<unknown> => ({ data: {} });

function endAsNotFound(): never {
  throw new HttpError(404);
}

function isByMethod<D, S>(handler: RouteHandler<D, S>): handler is HandlerByMethod<D, S> {
  return typeof handler === "object";
}

/** Gives the handler that a route has in effect (P1, P2). */
export function effectiveHandler<State>(route: Route<State>): RouteHandler<unknown, State> {
  const { component, handler } = route;
  if (handler === undefined) return component ? renderEmpty : endAsNotFound;
  if (isByMethod(handler) && component && !handler.GET) return { ...handler, GET: renderEmpty };
  return handler;
}

/** Lists the methods for which a route is registered. */
export function methodsOf<State>(route: Route<State>): readonly Method[] {
  const handler = effectiveHandler(route);
  return isByMethod(handler) ? METHODS.filter((method) => handler[method]) : METHODS;
}

/** Runs the route with the given status for a page whose handler names none. */
export async function runPage<State>(ctx: Context<State>, route: Route<State>, status = 200): Promise<Response> {
  const ui = uiOf(ctx);
  if (route.config?.skipAppWrapper) ui.wrapper = null;
  if (route.config?.skipInheritedLayouts) ui.layouts = [];

  const handler = effectiveHandler(route);
  const run = isByMethod(handler) ? pickMethod(handler, ctx.req.method) : handler;
  const result: unknown = run ? await run(ctx) : await ctx.next();
  if (result instanceof Response) return result;
  if (!isPageResponse(result)) {
    throw new TypeError(`Cannot render ${ctx.url.pathname}: its handler must return a Response or page(data)`);
  }
  let vnode: AnyNode | null = null;
  if (route.component) {
    const rendered = await renderComponent(ctx, route.component, { data: result.data });
    if (rendered instanceof Response) return rendered;
    vnode = rendered;
  }
  return await ctx.render(vnode, { headers: new Headers(result.headers), status: result.status ?? status });
}

function pickMethod<D, S>(handler: HandlerByMethod<D, S>, name: string): HandlerFn<D, S> | undefined {
  const method = METHODS.find((known) => known === name.toUpperCase());
  if (method === undefined) return undefined;
  return handler[method] ?? (method === "HEAD" ? handler.GET : undefined);
}

function isPageResponse(value: unknown): value is PageResponse<unknown> {
  return typeof value === "object" && value !== null && "data" in value;
}
