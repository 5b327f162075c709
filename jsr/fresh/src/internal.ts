// `fresh/internal`: what the files of a build import, and nobody else.

import { type App, attachSnapshot } from "./app.ts";
import { diskFile, type IslandModule, islandTable, type RouteFile, type StaticFile } from "./snapshot.ts";
import { resolvePath } from "./paths.ts";

/** What `_fresh/snapshot.js` exports; paths are relative to the folder that it lies in. */
export interface BuildOutput {
  buildId: string;
  clientEntry: string;
  root: string;
  islands: IslandModule[];
  routes: RouteFile[];
  files: Record<string, Omit<StaticFile, "open"> & { path: string }>;
}

/** Hands a build to its app; `folder` is where the build lies now. */
export function attachBuild<State>(app: App<State>, build: BuildOutput, folder: string): void {
  const files = new Map(
    Object.entries(build.files).map((
      [pathname, { path, ...facts }],
    ) => [pathname, diskFile(`${folder}/${path}`, facts)]),
  );
  attachSnapshot(app, {
    root: resolvePath(folder, build.root),
    buildId: build.buildId,
    clientEntry: build.clientEntry,
    alwaysRuntime: false,
    islands: islandTable(build.islands),
    routes: build.routes,
    file: (pathname) => files.get(pathname),
  });
}
