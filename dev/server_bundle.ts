// The server as one program: serve.ts, the built app and the packages that both use, bundled into `_fresh/holdfast.js` and
// pieces beside it.
//
// A server of 300 modules spends most of its start on finding, reading and checking them; one file with its compiled
// code cached does not. Parts
// that are loaded when they are wanted are pieces of their own. Behaviour is that of the sources:
//   SB1. A file's own place (`import.meta.url`) stays the place of the source, so what lies beside it is found.
//   SB2. Only esbuild stays a package: its program is a binary. A deno.json beside the bundle lets it be found.
//   SB3. Nothing in it names the folder itself, so a build may be renamed as long as it keeps its parent.
//   SB4. Of the fifty languages in which zod can complain only English is taken along: they were a third of the start.
import * as esbuild from "esbuild";
import { relative } from "node:path";

/** Settings of the process that runs it; without a lock file, since all packages but one are in it. */
const CONFIG = { unstable: ["kv"], lock: false, nodeModulesDir: "manual" };
/** Packages that cannot be bundled. */
const KEPT = ["esbuild"];
/** A start has better to do than to load what nobody asked for yet, milliseconds. */
const PIECES_AFTER_MS = 1_500;

/** Bundles the server below `root` with the app built in `folder`, into that folder. */
export async function bundleServer(root: string, folder: string): Promise<void> {
  const { outputFiles } = await esbuild.build({
    absWorkingDir: root,
    stdin: {
      contents: program(folder.slice(folder.lastIndexOf("/") + 1)),
      resolveDir: root,
      sourcefile: "holdfast.ts",
      loader: "ts",
    },
    bundle: true,
    write: false,
    splitting: true,
    outdir: folder,
    entryNames: "holdfast",
    format: "esm",
    platform: "node",
    minifySyntax: true,
    target: "esnext",
    conditions: ["deno", "import"],
    mainFields: ["module", "main"],
    jsx: "automatic",
    jsxImportSource: "preact",
    tsconfigRaw: {},
    define: { "process.env.NODE_ENV": '"production"' },
    logLevel: "silent",
    plugins: [importMap(root), ownPlaces(folder), onlyEnglish],
  });
  for (const { path, contents } of outputFiles) await Deno.writeFile(path, Uint8Array.from(contents));
  await Deno.writeTextFile(`${folder}/deno.json`, JSON.stringify(CONFIG));
}

/** The program: pieces are loaded soon after the start, so that a later build in the same place takes none away. */
const program = (folder: string): string => `
import { main } from "./serve.ts";
import app from "./${folder}/server.js";
import build from "./${folder}/snapshot.js";
await main(() => app.fetch);
setTimeout(async () => {
  for (const route of build.routes) await route.load?.();
}, ${PIECES_AFTER_MS});
`;

const NATIVE = Symbol("resolved by esbuild");

/** Names of the project's import map lead to its files or to packages; of a package, esbuild finds the file itself. */
const importMap = (root: string): esbuild.Plugin => ({
  name: "import-map",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, pluginData }) => {
      if (pluginData === NATIVE || kind === "entry-point") return null;
      if (path.startsWith("node:") || KEPT.includes(path)) return { path, external: true };
      if (importer.includes("/node_modules/")) return null;
      const url = import.meta.resolve(path);
      const file = decodeURIComponent(new URL(url).pathname);
      if (url.startsWith("file:") && !file.includes("/node_modules/")) return { path: file };
      return await build.resolve(path, { kind, resolveDir: root, pluginData: NATIVE });
    });
  },
});

/** Gives each source its own place back, and says of none that it is the main module. */
const ownPlaces = (folder: string): esbuild.Plugin => ({
  name: "own-places",
  setup(build) {
    build.onLoad({ filter: /\.tsx?$/ }, async ({ path }) => {
      if (path.includes("/node_modules/")) return null;
      const source = await Deno.readTextFile(path);
      if (!source.includes("import.meta.")) return null;
      const place = JSON.stringify(relative(folder, path));
      const contents = source
        .replaceAll("import.meta.url", `new URL(${place}, import.meta.url).href`)
        .replaceAll("import.meta.main", "false");
      return { contents, loader: path.endsWith("x") ? "tsx" : "ts" };
    });
  },
});

const onlyEnglish: esbuild.Plugin = {
  name: "only-english",
  setup(build) {
    build.onLoad({ filter: /\/zod\/v4\/locales\/index\.js$/ }, ({ path }) => ({
      contents: `export { default as en } from "./en.js";`,
      resolveDir: path.slice(0, path.lastIndexOf("/")),
    }));
  },
};
