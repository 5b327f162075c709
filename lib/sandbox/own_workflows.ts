// The workflows of a folder: which files there are, which of them are modes, and what is wrong with the others.
//
//   F1. Every `*.ts` directly in the folder is one, but for `_*`, `.*`, `*_test.ts`, `*.test.ts` and `*.d.ts`; other files
//       of a workflow lie in folders below.
//   F2. A file is looked at again when any file that it is made of has changed, and only then. Each is described in a
//       sandbox of its own, so one that spins, throws or eats memory hides nothing but itself.
//   F3. What a question answers was looked at after it was asked: whoever mends a file and resumes gets the mended one.
//   F4. What may have been no fault of the file (too slow, killed) is tried again later, in the background.
import { getLogger } from "@logtape/logtape";
import type { DescribedWorkflow, WorkflowDescription, WorkflowProblem } from "../model/workflow.ts";
import type { Clock, Workflows } from "../service/ports.ts";
import { AppError } from "../model/error.ts";
import { type ReadSource, readSource, stampOf } from "./own_source.ts";

const log = getLogger(["holdfast", "workflows"]);

/** Most files of a folder that are modes, and most names in it that are looked at. */
const MAX_WORKFLOWS = 100;
const MAX_NAMES = 10_000;
/** Sandboxes that describe at the same time. */
const AT_ONCE = 2;
const AGAIN_MS = 30_000;
const LONGEST_AGAIN_MS = 3_600_000;

/** What a sandbox said of one file. */
export type FileSaid =
  | { readonly description: WorkflowDescription }
  | { readonly problem: string; readonly again?: boolean };

/** What it needs. */
export interface OwnWorkflowsOptions {
  /** Real path. */
  readonly folder: string;
  /** What the built-in modes and the SDK are made of: a workflow's behaviour rests on it too. */
  readonly base_digest: string;
  /** Root of the project. */
  readonly project: string;
  /** Ids that are taken. */
  readonly taken: () => Promise<ReadonlySet<string>>;
  readonly clock: Clock;
  /** Asks a sandbox of its own what a file is. */
  describe(file: string): Promise<FileSaid>;
  /** Bundles code for exec sandboxes. Throws AppError. */
  bundle(path: string): Promise<unknown>;
}

/** A file that was looked at. */
interface Known {
  readonly looked: ReadSource["looked"];
  readonly said: { readonly workflow: DescribedWorkflow } | { readonly problem: string };
  /** Monotonic time from which it is tried again although nothing has changed. */
  readonly again_at: number;
  /** How long after that the next time is: a loop without end is not to spin each half minute. */
  readonly again_ms: number;
}

/** The workflows of one folder. */
export class OwnWorkflows {
  readonly #options: OwnWorkflowsOptions;
  readonly #known = new Map<string, Known>();
  #running: Promise<Workflows> | null = null;
  #next: Promise<Workflows> | null = null;
  #told = "";

  constructor(options: OwnWorkflowsOptions) {
    this.#options = options;
  }

  /** What there is now. Questions that come during a look share the next one (F3). */
  survey(): Promise<Workflows> {
    if (this.#next !== null) return this.#next;
    const before = this.#running ?? Promise.resolve();
    const mine = before.catch(() => {}).then(() => {
      this.#running = mine;
      this.#next = null;
      return this.#survey();
    });
    this.#next = mine;
    return mine;
  }

  async #survey(): Promise<Workflows> {
    const { files, problems } = await listFiles(this.#options.folder);
    for (const file of this.#known.keys()) if (!files.includes(file)) this.#known.delete(file);
    const queue = [...files];
    const work = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) await this.#look(file);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    const taken = new Map<string, string>();
    for (const id of await this.#options.taken()) taken.set(id, "a built-in mode");
    const workflows: DescribedWorkflow[] = [];
    for (const file of files) {
      const said = this.#known.get(file)?.said;
      if (said === undefined) continue;
      if ("problem" in said) problems.push({ file, reason: said.problem });
      else {
        const { id } = said.workflow;
        const holder = taken.get(id);
        if (holder === undefined) {
          taken.set(id, file);
          workflows.push(said.workflow);
        } else problems.push({ file, reason: `its id "${id}" is that of ${holder}` });
      }
    }
    this.#tell(problems);
    return { workflows, problems };
  }

  /** Looks at a file again where that is worth it. */
  async #look(file: string): Promise<void> {
    const known = this.#known.get(file);
    if (known !== undefined && await isUnchanged(known.looked)) {
      if (known.again_at > this.#options.clock.monotonic()) return;
      const kept = { ...known, again_at: Infinity };
      this.#known.set(file, kept);
      // A look that began later has seen more; a server that goes away ends this one.
      void this.#read(file, known.again_ms).then((again) => {
        if (this.#known.get(file) === kept) this.#known.set(file, again);
      }, () => {});
      return;
    }
    this.#known.set(file, await this.#read(file));
  }

  async #read(file: string, again_ms = AGAIN_MS): Promise<Known> {
    const { folder, clock } = this.#options;
    for (let tried = 1;; tried++) {
      const read = await readSource(folder, file);
      const said = await this.#ask(file, read);
      // Saved while it was read: what was seen may be half of each.
      if (tried < 3 && !await isUnchanged(read.looked)) continue;
      const again = "problem" in said && said.again === true;
      const again_at = again ? clock.monotonic() + again_ms : Infinity;
      return { looked: read.looked, said, again_at, again_ms: Math.min(2 * again_ms, LONGEST_AGAIN_MS) };
    }
  }

  async #ask(file: string, { sources, modules, problem }: ReadSource): Promise<Known["said"] & { again?: boolean }> {
    const { describe, bundle, base_digest } = this.#options;
    if (problem !== null) return { problem };
    try {
      for (const path of modules) await bundle(path);
    } catch (error) {
      return { problem: this.#relative(error instanceof Error ? error.message : String(error)) };
    }
    const said = await describe(file);
    if ("problem" in said) return { ...said, problem: this.#relative(said.problem) };
    const digest = await digestOf([base_digest, file, Object.entries(sources).sort()]);
    return { workflow: { ...said.description, source_digest: digest, own: { file, digest, sources } } };
  }

  /** Paths as the author knows them, and no colours. */
  #relative(text: string): string {
    // deno-lint-ignore no-control-regex
    const plain = text.replaceAll(/\x1b\[[0-9;]*m/g, "");
    const { folder, project } = this.#options;
    const above = folder.slice(0, folder.lastIndexOf("/"));
    const names = [[folder, ""], [project, "holdfast/"], ...(above === "" ? [] : [[above, "../"]])];
    return names.reduce(
      (said, [path, name = ""]) => said.replaceAll(`file://${path}/`, name).replaceAll(`${path}/`, name),
      plain,
    );
  }

  /** One line for each that is new. */
  #tell(problems: readonly WorkflowProblem[]): void {
    const text = JSON.stringify(problems);
    if (text === this.#told) return;
    this.#told = text;
    for (const { file, reason } of problems) log.warn("workflow.not_usable", { file, reason });
  }
}

async function isUnchanged(looked: ReadSource["looked"]): Promise<boolean> {
  const all = await Promise.all([...looked].map(async ([path, stamp]) => stamp === await stampOf(path)));
  return all.every((same) => same);
}

/** Names of the workflows in a folder, in order, and why others are left out. */
async function listFiles(folder: string): Promise<{ files: string[]; problems: WorkflowProblem[] }> {
  const files: string[] = [];
  const problems: WorkflowProblem[] = [];
  let names = 0;
  try {
    for await (const { name, isDirectory } of Deno.readDir(folder)) {
      if (++names > MAX_NAMES) {
        problems.push({
          file: ".",
          reason: `the folder holds more than ${MAX_NAMES} names; the rest is not looked at`,
        });
        break;
      }
      if (!isDirectory && isWorkflowName(name)) files.push(name);
    }
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "there is no such folder" : String(error);
    return { files: [], problems: [{ file: ".", reason: `the folder of workflows cannot be read: ${why}` }] };
  }
  files.sort();
  for (const file of files.splice(MAX_WORKFLOWS)) {
    problems.push({ file, reason: `a folder holds at most ${MAX_WORKFLOWS} workflows; this is one more` });
    if (problems.length > MAX_WORKFLOWS) break;
  }
  return { files, problems };
}

/** Whether a file of this name is to be a workflow. */
function isWorkflowName(name: string): boolean {
  return name.endsWith(".ts") && !/^[._]|(_test|\.test|\.d)\.ts$/.test(name);
}

async function digestOf(parts: unknown): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  return new Uint8Array(hash).toHex();
}

/** The real path of the folder that the operator named. Throws AppError `invalid`. */
export async function workflowsFolder(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => null);
  if (info?.isDirectory === true) return await Deno.realPath(path);
  const why = info === null ? "there is no such folder" : "it is no folder";
  throw new AppError("invalid", `Cannot use HOLDFAST_WORKFLOWS "${path}": ${why}`);
}
