// The tree of path segments, which holds middlewares, a layout and an error page each.
//
// Segments are compared as text: `:id` is a name like any other. A chain is taken from the tree
// when a route is registered, so what is added to a segment later does not reach that route.
//   G1. Per segment its scope (layout and error page) stands outside its own middlewares.
//   G2. A 404 goes to the notFound handler at the innermost segment that sees it; any other error to
//       the error page of the nearest segment; what no segment takes goes to the caller.

import { uiOf } from "./context.ts";
import { HttpError } from "./error.ts";
import type { MaybeLazyMiddleware, Middleware } from "./middleware.ts";
import { runPage } from "./page_route.ts";
import type { LayoutConfig, Route, RouteComponent } from "./route.ts";

/** One segment of a path with what belongs to it and to everything below. */
export interface Segment<State> {
  parent: Segment<State> | null;
  children: Map<string, Segment<State>>;
  middlewares: MaybeLazyMiddleware<State>[];
  layout: { component: RouteComponent<State>; config: LayoutConfig } | null;
  errorRoute: Route<State> | null;
}

/** The whole tree, with what exists once in an app. */
export interface SegmentTree<State> {
  root: Segment<State>;
  wrapper: RouteComponent<State> | null;
  notFound: Middleware<State> | null;
}

function newSegment<State>(parent: Segment<State> | null): Segment<State> {
  return { parent, children: new Map(), middlewares: [], layout: null, errorRoute: null };
}

/** Makes a tree with nothing but its root. */
export function newTree<State>(): SegmentTree<State> {
  return { root: newSegment<State>(null), wrapper: null, notFound: null };
}

/** Gives the segment of a path, made if need be; `*`, `/` and the empty path are the root. */
export function segmentAt<State>(tree: SegmentTree<State>, path: string): Segment<State> {
  const names = path === "*" || path === "/*" ? [] : path.split("/").slice(path.startsWith("/") ? 1 : 0);
  return names.filter((name, index) => name !== "" || index < names.length - 1).reduce((segment, name) => {
    const child = segment.children.get(name) ?? newSegment(segment);
    segment.children.set(name, child);
    return child;
  }, tree.root);
}

/** Takes the chain that stands from the root to the segment now. */
export function chainOf<State>(tree: SegmentTree<State>, segment: Segment<State>): MaybeLazyMiddleware<State>[] {
  const above = segment.parent ? chainOf(tree, segment.parent) : [];
  return [...above, scopeOf(tree, segment), ...segment.middlewares];
}

function scopeOf<State>(tree: SegmentTree<State>, segment: Segment<State>): Middleware<State> {
  const { layout, errorRoute } = segment;
  const wrapper = segment.parent === null ? tree.wrapper : null;
  return async function segmentScope(ctx) {
    const ui = uiOf(ctx);
    if (wrapper) ui.wrapper = wrapper;
    if (layout?.config.skipAppWrapper) ui.wrapper = null;
    if (layout) ui.layouts = [...(layout.config.skipInheritedLayouts ? [] : ui.layouts), layout.component];
    try {
      return await ctx.next();
    } catch (error) {
      const status = error instanceof HttpError ? error.status : 500;
      if (status === 404 && tree.notFound) return await tree.notFound(ctx);
      if (errorRoute) return await runPage(ctx, errorRoute, status);
      throw error;
    }
  };
}
