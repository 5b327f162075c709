// What every middleware and handler is given: one request, and the ways to answer it.
//
// Owns the request's state and the page's surroundings (layouts, wrapper) while the chain runs.
// Leaves to render.ts: how a page becomes HTML.

import { type FunctionComponent, isValidElement } from "preact";
import { HttpError } from "./error.ts";
import type { AnyNode } from "./node.ts";
import { renderDocument } from "./render.ts";
import type { LayoutConfig, RouteComponent } from "./route.ts";
import type { Snapshot } from "./snapshot.ts";

/** The settings that an app is made with. */
export interface FreshConfig {
  /** Prefix of all paths. */
  basePath?: string;
  mode?: "development" | "production";
  /** Takes protocol and host from the `x-forwarded-*` headers of a proxy. */
  trustProxy?: boolean;
}

/** The settings that an app runs with. */
export interface ResolvedFreshConfig {
  root: string;
  basePath: string;
  mode: "development" | "production";
  trustProxy: boolean;
}

/** What a WebSocket route does at the events of its socket. */
export interface WebSocketHandlers {
  open?(socket: WebSocket): void;
  message?(socket: WebSocket, event: MessageEvent): void;
  close?(socket: WebSocket, code: number, reason: string): void;
  error?(socket: WebSocket, event: Event | ErrorEvent): void;
}

/** How a WebSocket is opened: seconds without a sign of life until it is closed, and the protocol. */
export interface WebSocketUpgradeOptions {
  idleTimeout?: number;
  protocol?: string;
}

/** The older name of {@linkcode Context}. */
export type FreshContext<State = unknown> = Context<State>;

/** What surrounds a page at the place where the chain stands. */
export interface Ui<State> {
  wrapper: RouteComponent<State> | null;
  layouts: RouteComponent<State>[];
}

/** What a context is made of. */
export interface ContextInit {
  req: Request;
  url: URL;
  info: Deno.ServeHandlerInfo;
  route: string | null;
  params: Record<string, string>;
  config: ResolvedFreshConfig;
  next: () => Promise<Response>;
  snapshot: Snapshot | null;
}

/** Gives the surroundings of a context's page. */
export let uiOf: <State>(ctx: Context<State>) => Ui<State>;
/** Gives the build that a context's app runs with. */
export let snapshotOf: <State>(ctx: Context<State>) => Snapshot | null;
/** Gives the value that marks this request's own inline scripts and styles. */
export let nonceOf: <State>(ctx: Context<State>) => string;

/** One request on its way through middlewares and handlers. */
export class Context<State> {
  readonly #ui: Ui<State> = { wrapper: null, layouts: [] };
  readonly #snapshot: Snapshot | null;
  #nonce: string | undefined;

  /** The original request; its URL is not normalised. */
  req: Request;
  /** The request's URL with runs of slashes in the path collapsed. */
  readonly url: URL;
  readonly info: Deno.ServeHandlerInfo;
  /** The pattern that matched, or `null`. */
  readonly route: string | null;
  readonly params: Record<string, string>;
  readonly config: ResolvedFreshConfig;
  /** What middlewares hand to those behind them. */
  readonly state: State = {} as State;
  data: unknown = undefined;
  /** What was thrown last on the way, or `null`. */
  error: unknown | null = null;
  readonly isPartial: boolean;
  /** What a layout or the app wrapper has to show inside. */
  Component: FunctionComponent = () => null;
  /** Runs what comes next; at the end of the chain it may throw at once, so always await it. */
  next: () => Promise<Response>;

  static {
    uiOf = (ctx) => ctx.#ui;
    snapshotOf = (ctx) => ctx.#snapshot;
    nonceOf = (ctx) => ctx.#nonce ??= crypto.randomUUID().replaceAll("-", "");
  }

  constructor(init: ContextInit) {
    this.req = init.req;
    this.url = init.url;
    this.info = init.info;
    this.route = init.route;
    this.params = init.params;
    this.config = init.config;
    this.next = init.next;
    this.#snapshot = init.snapshot;
    this.isPartial = init.url.searchParams.has("fresh-partial");
  }

  /** Sends the browser elsewhere; a path that begins with several slashes stays on this site. */
  redirect(to: string, status = 302): Response {
    let [, path = to, rest = ""] = /^([^?#]*)(.*)$/s.exec(to) ?? [];
    if (path.startsWith("/")) path = path.replace(/\/+/g, "/");
    if (this.isPartial) {
      const [, query = "", hash = ""] = /^([^#]*)(.*)$/s.exec(rest) ?? [];
      rest = `${query}${query.startsWith("?") ? "&" : "?"}fresh-partial=true${hash}`;
    }
    return new Response(null, { status, headers: { location: path + rest } });
  }

  /** Answers with a page inside its layouts and the app wrapper. */
  async render(vnode: AnyNode | null, init: ResponseInit = {}, config: LayoutConfig = {}): Promise<Response> {
    if (vnode !== null && !isValidElement(vnode)) {
      throw new TypeError("Cannot render: a value that is not JSX was given to ctx.render()");
    }
    const ui = {
      wrapper: config.skipAppWrapper ? null : this.#ui.wrapper,
      layouts: config.skipInheritedLayouts ? [] : this.#ui.layouts,
    };
    return await renderDocument(this, vnode, { ui, init });
  }

  /** Answers with text. */
  text(content: string, init?: ResponseInit): Response {
    return new Response(content, init);
  }

  /** Answers with HTML. */
  html(content: string, init?: ResponseInit): Response {
    const headers = new Headers(init?.headers);
    headers.set("content-type", "text/html; charset=utf-8");
    return new Response(content, { ...init, headers });
  }

  /** Answers with JSON. */
  // deno-lint-ignore no-explicit-any -- whatever JSON.stringify takes
  json(content: any, init?: ResponseInit): Response {
    return Response.json(content, init);
  }

  /** Answers with what an iterable gives, as it comes; strings are sent as UTF-8. */
  stream<U extends string | Uint8Array>(
    source: Iterable<U> | AsyncIterable<U> | (() => Iterable<U> | AsyncIterable<U>),
    init?: ResponseInit,
  ): Response {
    const encoder = new TextEncoder();
    const encode = new TransformStream<string | Uint8Array, Uint8Array<ArrayBuffer>>({
      transform(chunk, controller) {
        controller.enqueue(typeof chunk === "string" ? encoder.encode(chunk) : Uint8Array.from(chunk));
      },
    });
    const chunks: Iterable<U> | AsyncIterable<U> = typeof source === "function" ? source() : source;
    return new Response(ReadableStream.from<string | Uint8Array>(chunks).pipeThrough(encode), init);
  }

  /** Turns the request into a WebSocket: with handlers gives the response, without them also the socket. */
  upgrade(options?: WebSocketUpgradeOptions): { socket: WebSocket; response: Response };
  upgrade(handlers: WebSocketHandlers, options?: WebSocketUpgradeOptions): Response;
  upgrade(
    first: WebSocketHandlers | WebSocketUpgradeOptions = {},
    second?: WebSocketUpgradeOptions,
  ): Response | { socket: WebSocket; response: Response } {
    if (this.req.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      throw new HttpError(400, "Expected a WebSocket upgrade request");
    }
    if (!isHandlers(first)) return Deno.upgradeWebSocket(this.req, first);
    const { socket, response } = Deno.upgradeWebSocket(this.req, second ?? {});
    if (first.open) socket.addEventListener("open", () => first.open?.(socket));
    if (first.message) socket.addEventListener("message", (event) => first.message?.(socket, event));
    if (first.close) socket.addEventListener("close", (event) => first.close?.(socket, event.code, event.reason));
    if (first.error) socket.addEventListener("error", (event) => first.error?.(socket, event));
    return response;
  }
}

function isHandlers(value: WebSocketHandlers | WebSocketUpgradeOptions): value is WebSocketHandlers {
  return ["open", "message", "close", "error"].some((name) => typeof Reflect.get(value, name) === "function");
}
