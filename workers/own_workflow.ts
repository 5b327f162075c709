// A workflow of one's own: loaded from the folder that this process may read, and from nowhere else.
//
//   L1. The import is computed: a literal one would be read without asking for any right.
//   L2. What was loaded is what the host looked at: files that were saved meanwhile end this process, and the run begins
//       again with what lies there then.
import { isWorkflow } from "./sdk/define.ts";
import type { Workflow } from "./sdk/types.ts";

/** What the host wants loaded. */
export interface Wanted {
  readonly file: string;
  /** SHA-256 of each file that it is made of, by path below the folder. */
  readonly sources?: Record<string, string>;
}

/** Its files are no longer those that the host looked at. */
export class SourceMoved extends Error {
  override readonly name = "SourceMoved";
}

/** Loads a workflow. Throws what its file throws, TypeError when that is no workflow, SourceMoved. */
export async function loadOwn(folder: string, { file, sources = {} }: Wanted): Promise<Workflow> {
  const address = new URL(encodeURI(file), `file://${encodeURI(folder)}/`).href;
  let module: unknown;
  try {
    module = await import(address);
  } finally {
    await checkSources(folder, sources);
  }
  const workflow: unknown = Reflect.get(Object(module), "default");
  if (isWorkflow(workflow)) return workflow;
  const is = workflow === undefined ? "it has no default export" : "its default export is something else";
  throw new TypeError(`${is}: a workflow's file says \`export default defineWorkflow({ … })\``);
}

async function checkSources(folder: string, sources: Record<string, string>): Promise<void> {
  for (const [path, digest] of Object.entries(sources)) {
    const bytes = await Deno.readFile(`${folder}/${path}`).catch(() => new Uint8Array());
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    if (hash !== digest) throw new SourceMoved(`"${path}" was saved while it was loaded`);
  }
}
