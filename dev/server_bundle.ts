// The server as one program: serve.ts, the built app and the packages that both use, bundled into `_fresh/holdfast.js` and
// pieces beside it.
//
// A server of 300 modules spends most of its start on finding, reading and checking them; one file with its compiled
// code cached does not. Parts that are loaded when they are wanted are pieces of their own. Behaviour is that of the
// sources:
//   SB1. A file's own place (`import.meta.url`) stays the place of the source, so what lies beside it is found.
//   SB2. Only esbuild stays a package: its program is a binary. A deno.json beside the bundle lets it be found.
//   SB3. Nothing in it names the folder itself, so a build may be renamed as long as it keeps its parent.
import * as esbuild from "esbuild";
import { importMap, onlyEnglish, ownPlaces, PROGRAM } from "./bundling.ts";

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
    ...PROGRAM,
    outdir: folder,
    entryNames: "holdfast",
    jsx: "automatic",
    jsxImportSource: "preact",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [importMap(root, KEPT), ownPlaces(folder), onlyEnglish],
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
