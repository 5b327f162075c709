// What the bundles of our programs have in common: esbuild's settings, and how names and places are kept.
import type * as esbuild from "esbuild";
import { relative } from "node:path";

/** Settings of a program for Deno: pieces that are loaded when they are wanted stay apart, and lines stay readable. */
export const PROGRAM = {
  bundle: true,
  write: false,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "esnext",
  minifySyntax: true,
  conditions: ["deno", "import"],
  mainFields: ["module", "main"],
  tsconfigRaw: {},
  logLevel: "silent",
} as const satisfies esbuild.BuildOptions;

const NATIVE = Symbol("resolved by esbuild");

/** Names of the project's import map lead to its files or to packages; of a package, esbuild finds the file itself. */
export const importMap = (root: string, kept: readonly string[]): esbuild.Plugin => ({
  name: "import-map",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, pluginData }) => {
      if (pluginData === NATIVE || kind === "entry-point") return null;
      if (path.startsWith("node:") || kept.includes(path)) return { path, external: true };
      if (importer.includes("/node_modules/")) return null;
      const url = import.meta.resolve(path);
      const file = decodeURIComponent(new URL(url).pathname);
      if (url.startsWith("file:") && !file.includes("/node_modules/")) return { path: file };
      return await build.resolve(path, { kind, resolveDir: root, pluginData: NATIVE });
    });
  },
});

/** Gives each source its own place back; only one, or none, hears that it is the main module. */
export const ownPlaces = (folder: string, main?: string): esbuild.Plugin => ({
  name: "own-places",
  setup(build) {
    build.onLoad({ filter: /\.tsx?$/ }, async ({ path }) => {
      if (path.includes("/node_modules/")) return null;
      const source = await Deno.readTextFile(path);
      if (!source.includes("import.meta.")) return null;
      const place = JSON.stringify(relative(folder, path));
      const contents = source
        .replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`)
        .replaceAll("import.meta.main", `${path === main}`);
      return { contents, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
});

/** Of the fifty languages in which zod can complain only English is taken along: they were a third of a start. */
export const onlyEnglish: esbuild.Plugin = {
  name: "only-english",
  setup(build) {
    build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: `export { default as en } from "./en.js";`,
      resolveDir: path.slice(0, path.lastIndexOf("/")),
    }));
  },
};
