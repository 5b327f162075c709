// How sessions and runs are made: mode and config checked, ids given, one commit.
//
//   S1. run_id is the key of the start; what is the same start is a digest of task, config and the session that was named.
//   S2. A config is checked whole: a run's keys over those of its session.
import { may } from "../engine/policy.ts";
import type { NewRun } from "../model/command.ts";
import { AppError } from "../model/error.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { isFinal, type RunRecord } from "../model/run.ts";
import type { SessionRecord } from "../model/session.ts";
import { nameForTask } from "../model/task_title.ts";
import { type Run, Session } from "../protocol/rest.ts";
import { presentRun } from "../engine/present.ts";
import type { CommandParts } from "./commands.ts";
import { doCommand, runOf } from "./commands.ts";
import { digestOf } from "./digest.ts";
import { hasStep } from "./kept.ts";
import type { ExecuteOptions, StartTaskInput } from "./holdfast.ts";
import { checkGrants } from "./given_grants.ts";
import type { Ids, Reach } from "./ports.ts";

/** What making sessions and runs needs. */
export interface StartParts extends CommandParts {
  readonly ids: Ids;
  readonly reach: Reach;
}
/** Who starts, and how it may be repeated. */
export interface Starter {
  readonly principal: UserPrincipal;
  readonly options: ExecuteOptions;
}
/** A run that was started. */
export interface Started {
  session_id: string;
  run_id: string;
  run: Run;
}

/** Makes a session without a run. */
export async function createSession(
  parts: StartParts,
  who: Starter,
  input: { mode: string; config: JsonObject; name?: string },
): Promise<Session> {
  const { mode: _mode, ...given } = input.config;
  const entry = await parts.catalogue.get(input.mode);
  const { config } = entry.check.check(given, { lenient: false });
  await checkGrants(parts.reach, who.principal, config);
  const session_id = parts.ids.uuid();
  const name = input.name ?? entry.description.label;
  const command = { type: "create_session", session: { session_id, mode: input.mode, config, name } } as const;
  const { reply } = await doCommand(parts, { ...who, session_id }, command);
  return Session.parse(reply);
}

/** Starts a task: in the session that is named, or in a new one. */
export async function startTask(parts: StartParts, who: Starter, input: StartTaskInput): Promise<Started> {
  return input.session_id === undefined
    ? await startInNew(parts, who, input)
    : await startInSession(parts, who, { ...input, session_id: input.session_id });
}

async function startInNew(parts: StartParts, who: Starter, input: StartTaskInput): Promise<Started> {
  const { mode, ...given } = input.config;
  if (typeof mode !== "string") {
    const errors = [{ path: "config.mode", message: "Which mode carries the task out" }];
    throw new AppError("invalid", "Cannot start the task: its config names no mode and no session", { errors });
  }
  const entry = await parts.catalogue.get(mode);
  const { config, ignored } = entry.check.check(given, { lenient: input.lenient === true });
  await checkGrants(parts.reach, who.principal, config);
  const session_id = parts.ids.uuid();
  const run = newRun(parts, input, { config: {}, ignored, session_id: null });
  const name = input.name ?? nameForTask(input.task) ?? entry.description.label;
  const session = { session_id, mode, config, name };
  return startedBy(await doCommand(parts, { ...who, session_id }, { type: "create_session", session, run }));
}

async function startInSession(
  parts: StartParts,
  who: Starter,
  input: StartTaskInput & { session_id: string },
): Promise<Started> {
  const { session_id } = input;
  const session = await visibleSession(parts, who.principal, session_id);
  const { mode, ...given } = input.config;
  const checked = await checkMerged(parts, session, { given, lenient: input.lenient === true });
  await checkGrants(parts.reach, who.principal, checked.config);
  const config = mode === undefined ? checked.config : { ...checked.config, mode };
  const run = newRun(parts, input, { config, ignored: checked.ignored, session_id });
  return startedBy(await doCommand(parts, { ...who, session_id }, { type: "start_run", run }));
}

/** The run's own keys, after they were checked together with those of the session. */
async function checkMerged(
  parts: StartParts,
  session: SessionRecord,
  { given, lenient }: { given: JsonObject; lenient: boolean },
): Promise<{ config: JsonObject; ignored: string[] }> {
  const entry = await parts.catalogue.get(session.mode);
  const { ignored } = entry.check.check({ ...session.config, ...given }, { lenient });
  return { config: Object.fromEntries(Object.entries(given).filter(([key]) => !ignored.includes(key))), ignored };
}

function newRun(
  parts: StartParts,
  input: StartTaskInput,
  made: { config: JsonObject; ignored: string[]; session_id: string | null },
): NewRun {
  const { task } = input;
  return {
    run_id: input.run_id ?? parts.ids.uuid(),
    task,
    config: made.config,
    start_digest: digestOf({ task, config: input.config, session_id: made.session_id }),
    ...(made.ignored.length === 0 ? {} : { ignored_config: made.ignored }),
  };
}

function startedBy({ reply }: { reply: Json }): Started {
  const run = runOf(reply);
  return { session_id: run.session_id, run_id: run.run_id, run };
}

/** Starts a run again in its session, keeping what was finished before `from_step`. */
export async function retryRun(
  parts: StartParts,
  who: Starter,
  input: { run_id: string; from_step?: string; config?: JsonObject },
): Promise<Run> {
  const { run_id, from_step } = input;
  const parent = await visibleRun(parts, who.principal, run_id);
  if (!isFinal(parent)) {
    throw new AppError("wrong_state", `Cannot retry run "${run_id}": it is ${parent.status}`, {
      current: presented(parent),
    });
  }
  if (from_step !== undefined) await checkStep(parts, parent, from_step);
  const session = await visibleSession(parts, who.principal, parent.session_id);
  const given = { ...parent.config, ...input.config };
  const { config } = await checkMerged(parts, session, { given, lenient: false });
  // What the parent was granted is not asked again.
  await checkGrants(parts.reach, who.principal, input.config ?? {});
  const task = await parts.reads.resolve(parent.session_id, parent.task);
  const run: NewRun = {
    run_id: parts.ids.uuid(),
    task: typeof task === "string" ? task : JSON.stringify(task),
    config,
    start_digest: digestOf({ retry_of: run_id, from_step: from_step ?? null, config }),
    retry_of: run_id,
    ...(from_step === undefined ? {} : { retry_from: from_step }),
  };
  const { session_id } = parent;
  return runOf((await doCommand(parts, { ...who, session_id }, { type: "start_run", run })).reply);
}

async function checkStep(parts: StartParts, parent: RunRecord, from_step: string): Promise<void> {
  if (await hasStep(parts.reads, parent, from_step)) return;
  const errors = [{ path: "from_step", message: "The run has no such step" }];
  throw new AppError("invalid", `Cannot retry run "${parent.run_id}" from "${from_step}": it has no such step`, {
    errors,
  });
}

/** A session that the principal may see. Throws AppError `not_found`. */
export async function visibleSession(
  parts: Pick<CommandParts, "reads">,
  principal: UserPrincipal,
  session_id: string,
): Promise<SessionRecord> {
  const { session } = await parts.reads.state(session_id);
  if (session !== null && may(principal, "read", session) === true) return session;
  throw new AppError("not_found", `Cannot find session "${session_id}": unknown, or not visible to you`);
}

/** A run that the principal may see. Throws AppError `not_found`. */
export async function visibleRun(
  parts: Pick<CommandParts, "reads">,
  principal: UserPrincipal,
  run_id: string,
): Promise<RunRecord> {
  const session_id = await parts.reads.sessionOfRun(run_id);
  if (session_id !== null) {
    const { run, session } = await parts.reads.state(session_id);
    const found = run?.run_id === run_id ? run : await parts.reads.run(session_id, run_id);
    if (session !== null && may(principal, "read", session) === true && found !== null) return found;
  }
  throw new AppError("not_found", `Cannot find run "${run_id}": unknown, or not visible to you`);
}

const presented = (run: RunRecord): Json => JSON.parse(JSON.stringify(presentRun(run)));
