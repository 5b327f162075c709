// What an app has registered, and how the list becomes a table of routes.
//
// The list is applied from top to bottom: a route takes the middlewares, layouts and error pages that
// stand above it. `segment` is the place in the tree, `pattern` the path that is matched.

import type { Method } from "./handlers.ts";
import type { MaybeLazyMiddleware, Middleware } from "./middleware.ts";
import { methodsOf, runPage } from "./page_route.ts";
import type { LayoutConfig, MaybeLazy, Route, RouteComponent, RouteConfig } from "./route.ts";
import { Router } from "./router.ts";
import { chainOf, newTree, segmentAt, type SegmentTree } from "./segments.ts";

/** Every method that a route can have. */
export const ALL_METHODS: readonly Method[] = ["GET", "DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"];

/** One entry of the list. */
export type Registration<State> =
  | { kind: "middleware"; segment: string; list: MaybeLazyMiddleware<State>[] }
  | { kind: "layout"; segment: string; component: RouteComponent<State>; config: LayoutConfig }
  | { kind: "wrapper"; component: RouteComponent<State> }
  | { kind: "error"; segment: string; route: Route<State> }
  | { kind: "notFound"; route: Route<State> }
  | { kind: "handler"; pattern: string; methods: readonly Method[]; list: MaybeLazy<Middleware<State>>[] }
  | { kind: "route"; segment: string; pattern: string; route: MaybeLazy<Route<State>>; config: RouteConfig }
  | { kind: "files"; pattern: string; list: () => Registration<State>[] };

type Chain<State> = MaybeLazyMiddleware<State>[];

/** The routes of an app, and the chain for requests that none of them takes. */
export interface RouteTable<State> {
  router: Router<Chain<State>>;
  rootChain: Chain<State>;
}

/** Applies the list from top to bottom. */
export function compile<State>(list: Registration<State>[], basePath: string): RouteTable<State> {
  const tree = newTree<State>();
  const router = new Router<Chain<State>>();
  for (const entry of list) apply(entry, { tree, router, basePath });
  return { router, rootChain: chainOf(tree, tree.root) };
}

type Target<State> = { tree: SegmentTree<State>; router: Router<Chain<State>>; basePath: string };

function apply<State>(entry: Registration<State>, target: Target<State>): void {
  const { tree, basePath } = target;
  switch (entry.kind) {
    case "middleware":
      segmentAt(tree, entry.segment).middlewares.push(...entry.list);
      break;
    case "layout":
      segmentAt(tree, entry.segment).layout = { component: entry.component, config: entry.config };
      break;
    case "wrapper":
      tree.wrapper = entry.component;
      break;
    case "error":
      segmentAt(tree, entry.segment).errorRoute = entry.route;
      break;
    case "notFound":
      tree.notFound = (ctx) => runPage(ctx, entry.route);
      break;
    case "handler": {
      const chain = [...chainOf(tree, segmentAt(tree, entry.pattern)), ...asMiddlewares(entry.list)];
      addAll(target, { pattern: join(basePath, entry.pattern), methods: entry.methods, chain });
      break;
    }
    case "route":
      addRoute(entry, target);
      break;
    case "files":
      for (const file of entry.list()) apply(file, { ...target, basePath: join(basePath, entry.pattern, true) });
      break;
    default:
      entry satisfies never;
  }
}

// A lazy handler takes no context; the chain calls it like any other and uses the function it gives.
function asMiddlewares<State>(list: MaybeLazy<Middleware<State>>[]): Chain<State> {
  return list;
}

function addRoute<State>(entry: Registration<State> & { kind: "route" }, target: Target<State>): void {
  const { route, config } = entry;
  const chain = chainOf(target.tree, segmentAt(target.tree, entry.segment));
  if (typeof route === "function") {
    let loaded: Promise<Route<State>> | undefined;
    const load = async () => {
      loaded ??= route();
      return await loaded.catch((error) => {
        loaded = undefined; // so that the next request tries again
        throw error;
      });
    };
    const methods = Array.isArray(config.methods) ? config.methods : ALL_METHODS;
    const pattern = join(target.basePath, config.routeOverride ?? entry.pattern);
    addAll(target, { pattern, methods, chain: [...chain, async (ctx) => runPage(ctx, await load())] });
    return;
  }
  const merged: Route<State> = { ...route, config: { ...config, ...route.config } };
  const pattern = join(target.basePath, merged.config?.routeOverride ?? entry.pattern);
  addAll(target, { pattern, methods: methodsOf(merged), chain: [...chain, (ctx) => runPage(ctx, merged)] });
}

type Addition<State> = { pattern: string; methods: readonly Method[]; chain: Chain<State> };

function addAll<State>({ router }: Target<State>, { pattern, methods, chain }: Addition<State>): void {
  for (const method of methods) router.add(method, pattern, chain);
}

// `*` alone means every path; as a prefix it means none.
function join(base: string, pattern: string, isPrefix = false): string {
  const path = pattern === "*" ? (isPrefix ? "" : "/*") : pattern;
  const prefix = base === "/" ? "" : base.replace(/\*$/, "");
  return prefix !== "" && path === "/" ? prefix : prefix + path;
}
