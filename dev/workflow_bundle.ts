// The program of workflow sandboxes as one piece, with what it would say of its modes: `_fresh/workflow`.
//
// A sandbox starts in two thirds of the time, and nothing of the project but this folder is shown to it. A server that
// finds it needs no sandbox to know which modes there are. Own workflows are read by the sources, whose SDK they import.
import * as esbuild from "esbuild";
import { PROGRAM_FILE, SAID_FILE, WorkflowProgram } from "../lib/sandbox/workflow_program.ts";
import { sourceDigest } from "../lib/sandbox/source_digest.ts";
import { onlyEnglish, ownPlaces, PROGRAM } from "./bundling.ts";

/** Bundles the program of the project below `root` into a folder, which is made. */
export async function bundleWorkflow(root: string, folder: string): Promise<void> {
  const main = `${root}/workers/main.ts`;
  const { outputFiles } = await esbuild.build({
    ...PROGRAM,
    absWorkingDir: root,
    entryPoints: [main],
    entryNames: PROGRAM_FILE.replace(/\.js$/, ""),
    outdir: folder,
    plugins: [ownPlaces(folder, main), onlyEnglish],
  });
  await Deno.mkdir(folder);
  for (const { path, contents } of outputFiles) await Deno.writeFile(path, Uint8Array.from(contents));
  const [{ MODES }, { describe }] = await Promise.all([
    import("../workers/modes/mod.ts"),
    import("../workers/runtime/describe.ts"),
  ]);
  const source_digest = await sourceDigest(root);
  const said = { source_digest, workflows: MODES.map((mode) => describe(mode, source_digest)) };
  await Deno.writeTextFile(`${folder}/${SAID_FILE}`, JSON.stringify(WorkflowProgram.parse(said)));
}
