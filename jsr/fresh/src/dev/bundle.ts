// Bundles the islands and the runtime for the browser with esbuild.
//
// Each island file and the runtime is an entry of its own; what they share, Preact first of all, goes
// into chunks, so there is one Preact on a page. Imports are resolved by the project's import map.

import * as esbuild from "esbuild";

/** What is bundled, and for whom. */
export interface BundleOptions {
  root: string;
  /** File to bundle by the name of its output. */
  entries: Map<string, string>;
  target: string | string[];
  buildId: string;
  mode: "development" | "production";
}

// All bundles of the process share one esbuild, which ends with the last of them.
let running = 0;

/** Gives the content of each output by its file name. */
export async function bundle(options: BundleOptions): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { root, entries, target, buildId, mode } = options;
  running++;
  try {
    const result = await esbuild.build({
      absWorkingDir: root,
      entryPoints: [...entries].map(([name, file]) => ({ in: file, out: name })),
      bundle: true,
      splitting: true,
      write: false,
      format: "esm",
      platform: "browser",
      target,
      outdir: "/",
      chunkNames: "chunk-[hash]",
      minify: mode === "production",
      jsx: "automatic",
      jsxImportSource: "preact",
      tsconfigRaw: {},
      logLevel: "silent",
      define: { "process.env.NODE_ENV": JSON.stringify(mode), FRESH_BUILD_ID: JSON.stringify(buildId) },
      plugins: [importMapPlugin],
    });
    return new Map(result.outputFiles.map(({ path, contents }) => [path.slice(1), Uint8Array.from(contents)]));
  } finally {
    running--;
    if (running === 0) await esbuild.stop();
  }
}

const NATIVE = Symbol("resolved by esbuild");

// Names that Deno's import map knows lead to files of the project or to npm packages. For packages
// esbuild looks itself, because it chooses the variant that is made for browsers.
const importMapPlugin: esbuild.Plugin = {
  name: "import-map",
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path, kind, importer, pluginData }) => {
      if (pluginData === NATIVE || kind === "entry-point" || importer.includes("/node_modules/")) return null;
      const url = resolve(path);
      if (!url?.startsWith("file:")) return null;
      const file = decodeURIComponent(new URL(url).pathname);
      const name = packageName(path, file);
      if (name === null) return { path: file };
      const resolveDir = file.slice(0, file.indexOf("/node_modules/"));
      return await build.resolve(name, { kind, resolveDir, pluginData: NATIVE });
    });
  },
};

function resolve(specifier: string): string | null {
  try {
    return import.meta.resolve(specifier);
  } catch {
    return null;
  }
}

// Gives the name under which esbuild finds the package, or nothing for a file of the project.
function packageName(specifier: string, file: string): string | null {
  const found = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1];
  if (found === undefined) return null;
  const plain = specifier.replace(/^npm:\/?/, "").replace(/^((?:@[^/]+\/)?[^@/]+)@[^/]*/, "$1");
  return plain === found || plain.startsWith(`${found}/`) ? plain : null;
}
