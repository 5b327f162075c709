// Builds a project for production, for tests, or for development with reload.
//
//   U1. A build to disk writes nothing outside its folder and runs no code of the project.
//   U2. A build in memory gives the app the same snapshot without writing at all.
//   U3. In development requests wait until the build is done.

import { App, attachSnapshot, type ListenOptions } from "../app.ts";
import { islandTable, type RouteFile, type Snapshot, uniqueName } from "../snapshot.ts";
import { bundle } from "./bundle.ts";
import { findIslands, findRoutes, type FoundRoute } from "./crawl.ts";
import { reloadSocket } from "./live_reload.ts";
import { writeOutput } from "./output.ts";
import { fileUrl, resolvePath } from "../paths.ts";
import { type Asset, madeAsset, type OnTransformOptions, prepareStatic } from "./static_assets.ts";
import type { Transform, TransformFn } from "./static_assets.ts";

/** Where a project's parts lie; relative paths start at `root`, which is the current folder by default. */
export interface BuildOptions {
  /** The browsers that the bundle is made for. */
  target?: string | string[];
  root?: string;
  /** The module that exports `app`. */
  serverEntry?: string;
  outDir?: string;
  staticDir?: string;
  islandDir?: string;
  routeDir?: string;
  /** Route files that are left out; those of tests by default. */
  ignore?: RegExp[];
}

/** The options in effect. */
export type ResolvedBuildConfig = Required<BuildOptions> & { mode: "development" | "production"; buildId: string };

type IslandFile = { source: string; name: string; file: string };
type Parts = { clientEntry: string; islands: IslandFile[]; routes: FoundRoute[]; assets: Asset[] };

const TEST_FILE = /[._]test\.(?:[tj]sx?|[mc][tj]s)$/;
// Variables by which deployments name what they deploy.
const ID_SOURCES = ["DENO_DEPLOYMENT_ID", "GITHUB_SHA", "CI_COMMIT_SHA"];

/** Builds one project. */
// deno-lint-ignore no-explicit-any -- an app of any state is accepted when none is named
export class Builder<State = any> {
  config: ResolvedBuildConfig;
  readonly #transforms: Transform[] = [];
  readonly #registered: string[] = [];

  constructor(options: BuildOptions = {}) {
    const root = resolvePath(Deno.cwd(), options.root ?? ".");
    const seed = ID_SOURCES.map((name) => Deno.env.get(name)).find((value) => value) ?? crypto.randomUUID();
    this.config = {
      target: options.target ?? ["chrome99", "firefox99", "safari15"],
      root,
      serverEntry: resolvePath(root, options.serverEntry ?? "main.ts"),
      outDir: resolvePath(root, options.outDir ?? "_fresh"),
      staticDir: resolvePath(root, options.staticDir ?? "static"),
      islandDir: resolvePath(root, options.islandDir ?? "islands"),
      routeDir: resolvePath(root, options.routeDir ?? "routes"),
      ignore: options.ignore ?? [TEST_FILE],
      mode: "production",
      buildId: seed.replace(/\W/g, ""),
    };
  }

  /** Adds an island that lies elsewhere: a path or a `file:` URL. */
  registerIsland(specifier: string): void {
    this.#registered.push(resolvePath(this.config.root, specifier));
  }

  /** Has static files made from other ones, style sheets for example. */
  onTransformStaticFile(options: OnTransformOptions, callback: TransformFn): void {
    this.#transforms.push({ options, run: callback });
  }

  /** Builds to disk, or in memory; the function that it gives attaches a build in memory to an app. */
  async build(
    options: { mode?: ResolvedBuildConfig["mode"]; snapshot?: "disk" | "memory" } = {},
  ): Promise<(app: App<State>) => void> {
    this.config.mode = options.mode ?? "production";
    const parts = await this.#make();
    if (options.snapshot === "memory") {
      const snapshot = await this.#snapshot(parts);
      return (app) => attachSnapshot(app, snapshot);
    }
    await writeOutput({ ...this.config, ...parts });
    return () => {
      throw new TypeError(`Cannot attach a build on disk: import "${this.config.outDir}/server.js" instead`);
    };
  }

  /** Serves the app for development. */
  async listen(importApp: () => Promise<{ app: App<State> } | App<State>>, options: ListenOptions = {}): Promise<void> {
    this.config.mode = "development";
    const imported = await importApp();
    const app = imported instanceof App ? imported : imported.app;
    const ready = this.#make().then((parts) => this.#snapshot(parts)).then((snapshot) => {
      attachSnapshot(app, snapshot, "development");
      return app.handler();
    });
    const server = new App<unknown>({ ...app.config, mode: "development" })
      .get("/_frsh/alive", reloadSocket(Date.now()))
      .all("*", async (ctx) => await (await ready)(ctx.req, ctx.info));
    await Promise.all([server.listen(options), ready]);
  }

  async #make(): Promise<Parts> {
    const { root, target, mode, buildId, islandDir, routeDir, staticDir } = this.config;
    const runtime = new URL(mode === "development" ? "../client/dev.ts" : "../client/boot.ts", import.meta.url);
    const entries = new Map([["fresh-runtime", decodeURIComponent(runtime.pathname)]]);
    const names = new Set(entries.keys());
    const prefix = `/_fresh/js/${buildId}/`;
    const islands = [...await findIslands(islandDir, routeDir), ...this.#registered].map((source) => {
      const name = uniqueName(source.slice(source.lastIndexOf("/") + 1).replace(/\.\w+$/, ""), names);
      entries.set(name, source);
      return { source, name, file: `${prefix}${name}.js` };
    });
    const [files, chunks, routes] = await Promise.all([
      prepareStatic({ root, staticDir, target, mode, transforms: this.#transforms }),
      bundle({ root, entries, target, buildId, mode }),
      findRoutes(routeDir, this.config.ignore),
    ]);
    const made = [...chunks].map(([name, bytes]) => madeAsset(prefix + name, bytes, mode));
    const assets = [...files, ...await Promise.all(made)];
    return { clientEntry: `${prefix}fresh-runtime.js`, islands, routes, assets };
  }

  async #snapshot({ clientEntry, islands, routes, assets }: Parts): Promise<Snapshot> {
    const { root, buildId, mode } = this.config;
    const modules = islands.map(async ({ source, name, file }) => ({
      module: await import(fileUrl(source)),
      name,
      file,
    }));
    const routeFiles = routes.map(async ({ file, path, isEager }): Promise<RouteFile> => {
      const load = () => import(fileUrl(file));
      return isEager ? { path, module: await load() } : { path, load };
    });
    const table = new Map(assets.map((asset) => [asset.pathname, asset.file]));
    return {
      root,
      buildId,
      clientEntry,
      alwaysRuntime: mode === "development",
      islands: islandTable(await Promise.all(modules)),
      routes: await Promise.all(routeFiles),
      file: (pathname) => table.get(pathname),
    };
  }
}
