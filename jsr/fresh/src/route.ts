// The words of routes: what a page, a layout and their settings are.

import type { AnyComponent } from "preact";
import type { Context } from "./context.ts";
import type { Method, RouteHandler } from "./handlers.ts";

/** What pages, layouts and the app wrapper receive as props. */
export type PageProps<Data = unknown, State = unknown> =
  & Pick<
    Context<State>,
    "config" | "url" | "req" | "params" | "info" | "state" | "isPartial" | "Component" | "error" | "route"
  >
  & { data: Data };

/** A component that stands for a page, a layout or the app wrapper; it may be an `async function`. */
export type RouteComponent<State> = AnyComponent<PageProps<unknown, State>>;

/** Settings of a layout. */
export interface LayoutConfig {
  /** Leaves out the layouts further outside. */
  skipInheritedLayouts?: boolean;
  /** Leaves out the app wrapper. */
  skipAppWrapper?: boolean;
}

/** Settings of a page. */
export interface RouteConfig extends LayoutConfig {
  /** Takes the place of the pattern that follows from the file's name. */
  routeOverride?: string;
  /** The methods of a route that is loaded at its first request; all by default. */
  methods?: "ALL" | Method[];
  /** Accepted and not used: the policy is set by the `csp` middleware. */
  csp?: boolean;
}

/** A page: a component, a handler, or both. */
export interface Route<State> {
  component?: RouteComponent<State>;
  config?: RouteConfig;
  handler?: RouteHandler<unknown, State>;
}

/** Something that is loaded when it is needed first. */
export type Lazy<T> = () => Promise<T>;

/** Something, or the way to load it. */
export type MaybeLazy<T> = T | Lazy<T>;
