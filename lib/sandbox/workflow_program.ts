// The program of workflow sandboxes: bundled by the build, or the sources.
//
// The bundle brings along what it is made of and what it would say of its modes, so that neither has to be found out.
import * as z from "zod";
import { AppError } from "../model/error.ts";
import { WorkflowDescription } from "../model/workflow.ts";
import { sourceDigest } from "./source_digest.ts";

/** File of the program in the folder of a bundle. */
export const PROGRAM_FILE = "main.js";
/** File in which the bundle says what it is. */
export const SAID_FILE = "program.json";

/** What a bundle says of itself. */
export const WorkflowProgram = z.strictObject({
  /** Of the sources that it was made from. */
  source_digest: z.string(),
  workflows: z.array(WorkflowDescription),
});

/** The program that sandboxes run. */
export interface Program {
  /** Real path. */
  readonly path: string;
  readonly source_digest: string;
  /** What it would say of its modes; undefined where it has to be asked. */
  readonly workflows?: readonly WorkflowDescription[];
  /** It stands alone: it needs no configuration and no file but those beside it. */
  readonly alone: boolean;
}

/** Finds the program in the folder of a bundle, else among the sources. */
export async function findProgram(
  project: string,
  { bundle, sources }: { bundle?: string | undefined; sources?: string | undefined },
): Promise<Program> {
  const said = bundle === undefined ? undefined : await readSaid(`${bundle}/${SAID_FILE}`);
  if (said !== undefined) return { path: await Deno.realPath(`${bundle}/${PROGRAM_FILE}`), alone: true, ...said };
  const path = await Deno.realPath(sources ?? `${project}/workers/main.ts`);
  return { path, source_digest: await sourceDigest(project), alone: false };
}

async function readSaid(path: string): Promise<z.infer<typeof WorkflowProgram> | undefined> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    return WorkflowProgram.parse(JSON.parse(text));
  } catch (cause) {
    throw new AppError("internal", `Cannot use the built workflows: "${path}" is of another version; build anew`, {
      cause,
    });
  }
}
