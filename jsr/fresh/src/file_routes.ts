// Turns the files of `routes/` into registrations.
//
//   F1. A file belongs to the segment of its folder, groups `(name)` included; groups are left out of
//       the pattern. Folders that begin with `(_` hold no routes.
//   F2. Order: by folder and name, `_app` first, then in each folder `_middleware`, `_layout`,
//       `_error`, `index`, other names, `[x]`, last `[...x]`.
//   F3. A file that is loaded at its first request is registered for every method.

import type { RouteHandler } from "./handlers.ts";
import type { Middleware } from "./middleware.ts";
import type { Registration } from "./registrations.ts";
import type { LayoutConfig, Route, RouteComponent, RouteConfig } from "./route.ts";
import type { RouteFile } from "./snapshot.ts";

/** Makes the registrations of all files, in the order in which they are applied. */
export function fileRegistrations<State>(files: RouteFile[]): Registration<State>[] {
  return files.toSorted((a, b) => compare(a.path, b.path)).flatMap((file) => registrationsOf<State>(file));
}

const SPECIAL_RANK: Record<string, number> = {
  _app: 0,
  _middleware: 1,
  _layout: 2,
  _error: 3,
  _500: 3,
  _404: 3,
  index: 4,
};

/** Says whether a file must be loaded at the start, because it is more than a page. */
export function isSpecialFile(path: string): boolean {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return name.startsWith("_") && name in SPECIAL_RANK;
}

function rank(part: string, isName: boolean): number {
  if (part.startsWith("[...")) return 8;
  if (part.startsWith("[[")) return 7;
  if (part.includes("[")) return 6;
  return (isName ? SPECIAL_RANK[part] : undefined) ?? 5;
}

function compare(a: string, b: string): number {
  const left = a.split("/");
  const right = b.split("/");
  for (const [index, part] of left.entries()) {
    const other = right[index];
    if (other === undefined) return 1;
    const difference = rank(part, index === left.length - 1) - rank(other, index === right.length - 1);
    if (difference !== 0) return difference;
    if (part !== other) return part < other ? -1 : 1;
  }
  return left.length - right.length;
}

function registrationsOf<State>(file: RouteFile): Registration<State>[] {
  const slash = file.path.lastIndexOf("/");
  const name = file.path.slice(slash + 1);
  const segment = file.path.slice(0, Math.max(slash, 0)).split("/").map(asParams).join("/");
  if (!("module" in file)) {
    const load = async () => asRoute<State>(await file.load(), file.path);
    return [{ kind: "route", segment, pattern: filePattern(file.path), route: load, config: {} }];
  }
  const { path, module } = file;
  switch (name) {
    case "_app":
      return [{ kind: "wrapper", component: componentOf<State>(module, path) }];
    case "_layout":
      return [{ kind: "layout", segment, component: componentOf(module, path), config: configOf(module) }];
    case "_middleware":
      return [{ kind: "middleware", segment, list: middlewaresOf(module, path) }];
    case "_error":
    case "_500":
      return [{ kind: "error", segment, route: asRoute(module, path) }];
    case "_404":
      return [{ kind: "notFound", route: asRoute(module, path) }];
    default:
      return [{ kind: "route", segment, pattern: filePattern(path), route: asRoute(module, path), config: {} }];
  }
}

/** Makes the pattern of a file: `blog/[slug]` is `/blog/:slug`. */
export function filePattern(path: string): string {
  const parts = path.split("/");
  if (parts.at(-1) === "index") parts.pop();
  const shown = parts.filter((part) => !/^\(.*\)$/.test(part));
  const pattern = shown.map((part) => {
    if (part.includes("][") || /[^\]]\[\[|^\[\[.*\]\][^\]]/.test(part)) {
      throw new SyntaxError(
        `Cannot make a route of "${path}": a parameter needs text around it or a segment of its own`,
      );
    }
    if (part.startsWith("[[")) return `{/:${part.slice(2, -2)}}?`;
    return `/${part.startsWith("[...") ? `:${part.slice(4, -1)}*` : asParams(part)}`;
  }).join("");
  return pattern === "" ? "/" : rootOptional(pattern);
}

// At the root the slash stands before the optional part, because the path "/" always has it.
function rootOptional(pattern: string): string {
  return /^\{\/:[^}]+\}\?$/.test(pattern) ? `/{${pattern.slice(2)}` : pattern;
}

function asParams(part: string): string {
  return part.replace(/\[{1,2}(?:\.{3})?([^\]]+)\]{1,2}/g, ":$1");
}

type Module = Record<string, unknown>;

function asModule(module: unknown): Module {
  return typeof module === "object" && module !== null ? { ...module } : {};
}

function isComponent<State>(value: unknown): value is RouteComponent<State> {
  return typeof value === "function";
}

function isMiddleware<State>(value: unknown): value is Middleware<State> {
  return typeof value === "function";
}

function isConfig(value: unknown): value is RouteConfig {
  return typeof value === "object" && value !== null;
}

function isHandler<State>(value: unknown): value is RouteHandler<unknown, State> {
  return typeof value === "function" || (typeof value === "object" && value !== null);
}

function componentOf<State>(module: unknown, path: string): RouteComponent<State> {
  const component = asModule(module).default;
  if (isComponent<State>(component)) return component;
  throw new TypeError(`Cannot use "routes/${path}": its default export must be a component`);
}

function configOf(module: unknown): LayoutConfig {
  const { config } = asModule(module);
  return isConfig(config) ? config : {};
}

function middlewaresOf<State>(module: unknown, path: string): Middleware<State>[] {
  const { default: own, handler, handlers } = asModule(module);
  const list = [own ?? handlers ?? handler].flat().filter((fn) => isMiddleware<State>(fn));
  if (list.length > 0) return list;
  throw new TypeError(`Cannot use "routes/${path}": its default export must be a middleware or a list of them`);
}

function asRoute<State>(module: unknown, path: string): Route<State> {
  const { default: component, handler, handlers = handler, config } = asModule(module);
  const hasHandler = isHandler<State>(handlers);
  if (!isComponent<State>(component) && !hasHandler && !isConfig(config)) {
    throw new TypeError(`Cannot use "routes/${path}": it must export a component, a handler or a config`);
  }
  const functions: unknown[] = hasHandler && typeof handlers === "object" ? Object.values(handlers) : [handlers];
  if (functions.some((fn) => typeof fn === "function" && fn.length > 1)) {
    throw new TypeError(`Cannot use "routes/${path}": a handler takes one parameter, the context`);
  }
  return {
    ...(isComponent<State>(component) && { component }),
    ...(hasHandler && { handler: handlers }),
    ...(isConfig(config) && { config }),
  };
}
