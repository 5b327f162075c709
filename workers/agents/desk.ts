// What the agents of one run share: the task, the limits, the answers of people, the results of the steps so far.
//
// Made anew in each replay and filled by the replayed code, so it needs no place in the journal.
import type { Plan } from "../../lib/model/plan.ts";
import { readRunbook } from "../../lib/model/runbook.ts";
import type { StepResult } from "../../lib/model/turn.ts";
import { type Ctx, Failure } from "../sdk/mod.ts";

/** Bounds of the agents' work. */
export interface Limits {
  /** Turns of one agent in one step, and rounds of planning. */
  rounds: number;
  /** Programs that may fail in one step. */
  attempts: number;
}
/** The shared desk of one run. */
export interface Desk {
  readonly ctx: Ctx;
  readonly title: string;
  readonly limits: Limits;
  /** The model to ask; the server's own where it is null. */
  readonly model: string | null;
  /** What the person wants each agent to mind. */
  readonly instructions: Readonly<Record<string, string | undefined>>;
  readonly answers: Map<string, string>;
  readonly results: StepResult[];
  /** Files that lay in the folder at the start. */
  files: string[];
  plan: Plan | null;
  /** What the session may reach beyond its folder. */
  readonly grants: Grants;
}
/** Folders to read and hosts to reach. */
export interface Grants {
  readonly read: readonly string[];
  readonly net: readonly string[];
}

/** Sets up the desk of a run. */
export function openDesk(
  ctx: Ctx,
  options: {
    limits: Limits;
    model?: string | undefined;
    instructions?: Desk["instructions"];
    grants?: Grants | undefined;
  },
): Desk {
  return {
    ctx,
    title: readRunbook(ctx.task).title,
    limits: options.limits,
    model: options.model ?? null,
    instructions: options.instructions ?? {},
    answers: new Map(),
    results: [],
    files: [],
    plan: null,
    grants: options.grants ?? { read: [], net: [] },
  };
}

/** A task cannot grant itself anything: what it wants and does not have is said before its code is refused. */
function warnOfGrants(desk: Desk, wanted: Grants): void {
  const read = wanted.read.filter((path) => !desk.grants.read.includes(path)).map((path) => `read ${path}`);
  const net = wanted.net.filter((host) => !desk.grants.net.includes(host)).map((host) => `reach ${host}`);
  const missing = [...read, ...net];
  if (missing.length === 0) return;
  const message = `The task wants to ${missing.join(", ")}, which this session is not granted: set it under grants, ` +
    "or you are asked for it where this server lets you be asked.";
  desk.ctx.emit("warning", { code: "not_granted", message });
}

/** Looks at the folder. Throws Failure `missing_input` when the task names inputs that nobody has uploaded. */
export async function takeStock(desk: Desk): Promise<void> {
  const { ctx } = desk;
  desk.files = (await ctx.tool("files_list", {})).map(({ path }) => path);
  const book = readRunbook(ctx.task);
  warnOfGrants(desk, book.front.grants);
  const written = new Set(
    book.steps.flatMap(({ items }) => items.flatMap((item) => item.kind === "code" ? Object.keys(item.files) : [])),
  );
  const missing = book.front.inputs.filter((path) => !desk.files.includes(path) && !written.has(path));
  if (missing.length === 0) return;
  throw new Failure(
    "missing_input",
    `Cannot begin: the task needs ${missing.join(", ")}. Upload ${
      missing.length === 1 ? "it" : "them"
    } and start again.`,
    { missing },
  );
}
