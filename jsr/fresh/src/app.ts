// The app: a list of registrations, and the function that answers requests with them.
//
// `handler()` builds the table of routes once per call; what is registered later is not in it.

import { Context, type FreshConfig, type ResolvedFreshConfig } from "./context.ts";
import type { WebSocketHandlers, WebSocketUpgradeOptions } from "./context.ts";
import { setBuildId } from "./environment.ts";
import { HttpError } from "./error.ts";
import { fileRegistrations } from "./file_routes.ts";
import type { Method } from "./handlers.ts";
import { type MaybeLazyMiddleware, type Middleware, runChain } from "./middleware.ts";
import { ALL_METHODS, compile, type Registration, type RouteTable } from "./registrations.ts";
import type { LayoutConfig, MaybeLazy, Route, RouteComponent, RouteConfig } from "./route.ts";
import type { Match } from "./router.ts";
import type { Snapshot } from "./snapshot.ts";
import { ERROR_TEXT } from "./status.ts";

/** Options of `Deno.serve`. */
export type ListenOptions = Partial<Deno.ServeTcpOptions & Deno.TlsCertifiedKeyPem> & { remoteAddress?: string };

type Handler = (request: Request, info?: Deno.ServeHandlerInfo) => Promise<Response>;
type Surroundings<State> = { table: RouteTable<State>; snapshot: Snapshot | null; info: Deno.ServeHandlerInfo };

/** Hands the result of a build to an app. */
export let attachSnapshot: <State>(app: App<State>, snapshot: Snapshot, mode?: ResolvedFreshConfig["mode"]) => void;

const NO_CONNECTION: Deno.ServeHandlerInfo & { localAddr: Deno.NetAddr } = {
  remoteAddr: { transport: "tcp", hostname: "localhost", port: 1234 },
  localAddr: { transport: "tcp", hostname: "localhost", port: 8080 },
  completed: Promise.resolve(),
};

/** Passes requests through middlewares to routes and pages. */
export class App<State> {
  readonly #list: Registration<State>[] = [];
  #snapshot: Snapshot | null = null;
  /** The settings in effect. */
  config: ResolvedFreshConfig;

  static {
    attachSnapshot = (app, snapshot, mode) => {
      app.#snapshot = snapshot;
      app.config.root = snapshot.root;
      if (mode) app.config.mode = mode;
      setBuildId(snapshot.buildId);
    };
  }

  constructor(config: FreshConfig = {}) {
    const { basePath = "", mode = "production", trustProxy = false } = config;
    this.config = { root: ".", basePath, mode, trustProxy };
  }

  #add(entry: Registration<State>): this {
    this.#list.push(entry);
    return this;
  }

  #on(methods: readonly Method[], pattern: string, list: MaybeLazy<Middleware<State>>[]): this {
    return this.#add({ kind: "handler", methods, pattern, list });
  }

  /** Adds middlewares for a path and everything below it, by default for all. */
  use(...middleware: MaybeLazyMiddleware<State>[]): this;
  use(path: string, ...middleware: MaybeLazyMiddleware<State>[]): this;
  use(first: string | MaybeLazyMiddleware<State>, ...rest: MaybeLazyMiddleware<State>[]): this {
    if (typeof first === "string") return this.#add({ kind: "middleware", segment: first, list: rest });
    return this.#add({ kind: "middleware", segment: "*", list: [first, ...rest] });
  }

  /** Sets what answers when nothing else does, and every thrown 404. */
  notFound(routeOrMiddleware: Route<State> | Middleware<State>): this {
    return this.#add({ kind: "notFound", route: asRoute(routeOrMiddleware) });
  }

  /** Sets what answers when something at the path or below it throws. */
  onError(path: string, routeOrMiddleware: Route<State> | Middleware<State>): this {
    return this.#add({ kind: "error", segment: path, route: asRoute(routeOrMiddleware) });
  }

  /** Sets the document around all pages. */
  appWrapper(component: RouteComponent<State>): this {
    return this.#add({ kind: "wrapper", component });
  }

  /** Sets the layout of the pages at the path and below it. */
  layout(path: string, component: RouteComponent<State>, config: LayoutConfig = {}): this {
    return this.#add({ kind: "layout", segment: path, component, config });
  }

  /** Adds a page, or the way to load it at its first request. */
  route(path: string, route: MaybeLazy<Route<State>>, config: RouteConfig = {}): this {
    return this.#add({ kind: "route", segment: path, pattern: path, route, config });
  }

  /** Adds a handler for GET and, without one of its own, HEAD. */
  get(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#on(["GET"], path, middlewares);
  }

  /** Adds a handler for POST. */
  post(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#on(["POST"], path, middlewares);
  }

  /** Adds a handler for PATCH. */
  patch(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#on(["PATCH"], path, middlewares);
  }

  /** Adds a handler for PUT. */
  put(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#on(["PUT"], path, middlewares);
  }

  /** Adds a handler for DELETE. */
  delete(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#on(["DELETE"], path, middlewares);
  }

  /** Adds a handler for HEAD. */
  head(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#on(["HEAD"], path, middlewares);
  }

  /** Adds a handler for every method. */
  all(path: string, ...middlewares: MaybeLazy<Middleware<State>>[]): this {
    return this.#on(ALL_METHODS, path, middlewares);
  }

  /** Adds a WebSocket. */
  ws(path: string, handlers: WebSocketHandlers, options?: WebSocketUpgradeOptions): this {
    return this.get(path, (ctx) => ctx.upgrade(handlers, options));
  }

  /** Inserts the file routes of the build here, under the pattern if one is given. */
  fsRoutes(pattern = "*"): this {
    return this.#add({ kind: "files", pattern, list: () => fileRegistrations<State>(this.#snapshot?.routes ?? []) });
  }

  /** Makes the function that answers requests. */
  handler(): Handler {
    const table = compile(this.#list, this.config.basePath);
    const snapshot = this.#snapshot;
    return async (req, info = NO_CONNECTION) => {
      try {
        const response = await this.#answer(req, { table, snapshot, info });
        if (req.method !== "HEAD") return response;
        await response.body?.cancel();
        return new Response(null, response);
      } catch (error) {
        return answerError(error);
      }
    };
  }

  async #answer(req: Request, with_: Surroundings<State>): Promise<Response> {
    const { table, snapshot, info } = with_;
    const url = requestUrl(req, this.config.trustProxy);
    const match = table.router.match(req.method.toUpperCase(), url);
    const next = () => endOf(match, req.method);
    const { pattern: route, params, chain = table.rootChain } = match;
    return await runChain(
      chain,
      new Context<State>({ req, url, info, route, params, config: this.config, next, snapshot }),
    );
  }

  /** Serves the app; without a port takes the first free one from 8000 to 8019. */
  async listen(options: ListenOptions = {}): Promise<void> {
    const handler = this.handler();
    const ports = options.port === undefined ? Array.from({ length: 20 }, (_, index) => 8000 + index) : [options.port];
    for (const [index, port] of ports.entries()) {
      try {
        await Deno.serve({ ...options, port }, handler);
        return;
      } catch (error) {
        if (!(error instanceof Deno.errors.AddrInUse) || index === ports.length - 1) throw error;
      }
    }
  }
}

function asRoute<State>(routeOrMiddleware: Route<State> | Middleware<State>): Route<State> {
  return typeof routeOrMiddleware === "function" ? { handler: routeOrMiddleware } : routeOrMiddleware;
}

function requestUrl(req: Request, trustProxy: boolean): URL {
  const url = new URL(req.url);
  url.pathname = url.pathname.replace(/\/+/g, "/");
  if (trustProxy) {
    url.protocol = req.headers.get("x-forwarded-proto") ?? url.protocol;
    url.host = req.headers.get("x-forwarded-host") ?? url.host;
  }
  return url;
}

// Throws at once instead of giving a rejected promise, like the real one: `ctx.next()` has to be awaited.
function endOf(match: Match<unknown>, method: string): Promise<Response> {
  if (match.pattern === null || match.chain !== undefined) throw new HttpError(404);
  if (method !== "OPTIONS") throw new HttpError(405);
  return Promise.resolve(new Response(null, { status: 204, headers: { allow: match.methods.join(", ") } }));
}

function answerError(error: unknown): Response {
  const status = error instanceof HttpError ? error.status : 500;
  // deno-lint-ignore no-console -- nobody else would ever learn of an error that no handler took
  if (status >= 500) console.error(error);
  if (!(error instanceof HttpError)) return new Response("Internal server error", { status });
  return new Response(error.message || ERROR_TEXT[error.status], { status });
}
