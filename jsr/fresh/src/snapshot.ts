// What a build hands to a running app: islands, static files and file routes.
//
// The same shape comes from `_fresh/snapshot.js` and from a build kept in memory.

import type { ComponentType } from "preact";

/** An island: a component that is also sent to the browser. */
export interface Island {
  /** Its name on the page, unique in the app. */
  name: string;
  exportName: string;
  /** URL path of the browser's module. */
  file: string;
  fn: ComponentType;
  css: string[];
}

/** A file that is ready to be served. */
export interface StaticFile {
  contentType: string;
  size: number;
  /** SHA-256 of the content; `null` in development. */
  hash: string | null;
  /** Gives the content and its size now, which may differ when the file was changed since the build. */
  open(): Promise<{ body: BodyInit; size: number }>;
}

/** A file of `routes/`: its path there without extension, and its module or the way to load it. */
export type RouteFile = { path: string; module: unknown } | { path: string; load: () => Promise<unknown> };

/** The whole result of a build. */
export interface Snapshot {
  root: string;
  buildId: string;
  /** URL path of the browser's runtime. */
  clientEntry: string;
  /** Whether pages without islands load the runtime too, for the reload in development. */
  alwaysRuntime: boolean;
  islands: Map<ComponentType, Island>;
  routes: RouteFile[];
  /** Finds a file by URL path. */
  file(pathname: string): StaticFile | undefined;
}

/** A module of islands, the name for its default export, and the URL path of the browser's module. */
export interface IslandModule {
  module: Record<string, unknown>;
  name: string;
  file: string;
}

/** Makes the table by which islands are known on the server: by the identity of the function. */
export function islandTable(modules: IslandModule[]): Map<ComponentType, Island> {
  const table = new Map<ComponentType, Island>();
  const names = new Set<string>();
  for (const { module, name: fileName, file } of modules) {
    for (const [exportName, fn] of Object.entries(module)) {
      if (!isComponent(fn)) continue;
      const name = uniqueName(exportName === "default" ? fileName : exportName, names);
      table.set(fn, { name, exportName, file, fn, css: [] });
    }
  }
  return table;
}

function isComponent(value: unknown): value is ComponentType {
  return typeof value === "function";
}

/** Gives a JavaScript name that is not taken yet, and takes it. */
export function uniqueName(wanted: string, taken: Set<string>): string {
  const base = wanted.replace(/^(?=\d)|[^\w$]/g, "_");
  let name = base;
  for (let n = 1; taken.has(name); n++) name = `${base}_${n}`;
  taken.add(name);
  return name;
}

/** Makes a file that is read from disk when it is asked for. */
export function diskFile(path: string, facts: Omit<StaticFile, "open">): StaticFile {
  return {
    ...facts,
    open: async () => {
      const file = await Deno.open(path);
      const { size } = await file.stat();
      return { body: file.readable, size };
    },
  };
}
