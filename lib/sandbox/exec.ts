// Runs blocks of code for one run, one at a time, each in a process of its own.
//
// Owns the order, the process that is started ahead, and the folder around a block: checked before, compared after.
//   X1. The folder is walked before a process is started and again before that process hears what to run.
//   X2. While a block runs, the process for the next one starts, and that for the first when its run begins; it is used
//       only when it still fits.
//   X3. What its code did is a result. Only an abort, a sink that fails and a server that cannot start one are thrown.
//   X4. A block that broke the disk's limit leaves nothing new behind.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import { Json } from "../model/json.ts";
import type { ExecResult } from "../protocol/sandbox.ts";
import type { Cancel, ExecDone, ExecSink, ExecSpec, Executor, SandboxLimits } from "../service/ports.ts";
import { type BlockOutcome, runBlock } from "./exec_block.ts";
import {
  type BlockFiles,
  checkFolder,
  dropOwn,
  type InputTools,
  readValue,
  writeCode,
  writeInputs,
} from "./exec_input.ts";
import { type ExecHome, ExecProcess, type ExecSettings } from "./exec_process.ts";
import { grantedFolders } from "./grants.ts";
import { shortageOf, startError } from "./shortage.ts";
import { ensureFolder } from "./safe_path.ts";
import { beyond, changedFiles, type Survey, survey } from "./survey.ts";
import { removeNew } from "./clean_up.ts";
import { Turnstile } from "./turnstile.ts";

const log = getLogger(["holdfast", "sandbox"]);

/** A process that nobody used for this long costs memory for nothing. */
const AHEAD_MS = 60_000;

/** What an executor works with. */
export interface ExecutorOptions {
  readonly home: ExecHome;
  readonly input: InputTools;
  /** The session's folder. */
  readonly work: string;
  /** The server's own folders, closed to every grant. */
  readonly closed: readonly string[];
  /** Called once when it is closed. */
  readonly closing?: () => void;
}

/** Runs blocks in one session's folder. */
export class SessionExecutor implements Executor {
  #options: ExecutorOptions;
  #queue = new Turnstile();
  #closing = new AbortController();
  #blocks = 0;
  #ahead: { process: Promise<ExecProcess | undefined>; cancel: Cancel } | undefined;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  run(spec: ExecSpec, sink: ExecSink, signal: AbortSignal): Promise<ExecDone> {
    const stopped = AbortSignal.any([signal, this.#closing.signal]);
    return this.#queue.pass(() => this.#run(spec, sink, stopped));
  }

  ahead(limits: SandboxLimits): void {
    const { work, input } = this.#options;
    void this.#queue.pass(async () => {
      if (this.#ahead !== undefined || this.#closing.signal.aborted) return;
      await ensureFolder(work);
      await checkFolder(work, limits, input.clock);
      this.#startAhead(settingsOf(limits, []));
    }).catch((error) => log.debug("exec.not_ahead", { error: String(error) })); // the block itself says what is wrong
  }

  async close(): Promise<void> {
    if (!this.#closing.signal.aborted) {
      this.#closing.abort(new AppError("draining", "Cannot run the block: its executor was closed"));
      this.#options.closing?.();
    }
    await this.#queue.pass(() => this.#dropAhead());
  }

  async #run(spec: ExecSpec, sink: ExecSink, signal: AbortSignal): Promise<ExecDone> {
    signal.throwIfAborted();
    const { work, closed, input } = this.#options;
    const granted = await grantedFolders(spec.grants, closed);
    const settings = settingsOf(spec.limits, granted.read);
    const n = ++this.#blocks;
    let files: BlockFiles;
    try {
      await ensureFolder(work);
      await checkFolder(work, spec.limits, input.clock);
      await writeInputs(work, spec.args.files ?? {}, input);
      files = await writeCode(work, n, { args: spec.args, modules: input.modules });
    } catch (error) {
      return refusal(error);
    }
    const process = await this.#take(settings);
    try {
      let before: Survey;
      try {
        before = await checkFolder(work, spec.limits, input.clock);
      } catch (error) {
        return refusal(error);
      }
      signal.throwIfAborted();
      const running = this.#start(process, { spec, sink, files }, signal);
      this.#startAhead(settings);
      const outcome = await running;
      return await this.#result(outcome, { before, files, refused: granted.refused, spec });
    } finally {
      await process.dispose();
      await dropOwn(work); // also after an abort
    }
  }

  #start(
    process: ExecProcess,
    { spec, sink, files }: { spec: ExecSpec; sink: ExecSink; files: BlockFiles },
    signal: AbortSignal,
  ): Promise<BlockOutcome> {
    const inside = process.paths.work;
    const line = {
      path: `${inside}/${files.code}`,
      ...(files.value === undefined ? {} : { value_path: `${inside}/${files.value}`, input: spec.args.input ?? null }),
    };
    const { work, input } = this.#options;
    const { limits, timeout_s } = spec;
    const order = { limits, timeout_s, work, sink, clock: input.clock };
    if (spec.bridge === undefined) return runBlock(process, { ...order, line }, signal);
    const nonce = input.ids.token(32);
    const bridge = { nonce, fetch: spec.bridge };
    return runBlock(process, { ...order, line: { ...line, net: nonce }, bridge }, signal);
  }

  /** The process that was started ahead when it fits, else a new one. */
  async #take(settings: ExecSettings): Promise<ExecProcess> {
    const { home, work } = this.#options;
    const ahead = this.#ahead;
    this.#ahead = undefined;
    ahead?.cancel();
    const ready = await ahead?.process;
    if (ready !== undefined) {
      if (await ready.fits(work, settings)) return ready;
      await ready.dispose();
    }
    try {
      return await ExecProcess.start(home, work, settings);
    } catch (error) {
      throw startError("a process for the block", error);
    }
  }

  #startAhead(settings: ExecSettings): void {
    if (this.#closing.signal.aborted) return;
    const { home, work } = this.#options;
    const process = ExecProcess.start(home, work, settings).catch((error: unknown) => {
      log.warn("exec.ahead_failed", { error: String(error) }); // the next block starts its own and says why it cannot
      return undefined;
    });
    this.#ahead = { process, cancel: home.clock.after(AHEAD_MS, () => void this.#dropAhead()) };
  }

  async #dropAhead(): Promise<void> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    ahead?.cancel();
    await (await ahead?.process)?.dispose();
  }

  async #result(
    outcome: BlockOutcome,
    { before, files, refused, spec }: { before: Survey; files: BlockFiles; refused: readonly string[]; spec: ExecSpec },
  ): Promise<ExecDone> {
    const { work } = this.#options;
    const written = files.value === undefined ? undefined : await readValue(work, files.value);
    const { after, ended, messages } = await this.#lookAfter(outcome, before, spec);
    messages.push(...refused);
    let ok = ended === "exit" && outcome.exit_code === 0;
    let value: Json = null;
    if (ok && files.value !== undefined) {
      const parsed = Json.safeParse(written);
      if (parsed.success) value = parsed.data;
      else {
        ok = false;
        messages.push("The module's value is not JSON of at most 1 MB");
      }
    }
    const { message: _said, ...rest } = outcome;
    const message = messages.join(". ");
    const changed = firstFiles(changedFiles(before, after));
    return { ...rest, ended, ok, value, files: changed, ...(message === "" ? {} : { message }) };
  }

  /** The folder after the block; one that was quicker than the watchdog broke the limit all the same. */
  async #lookAfter(outcome: BlockOutcome, before: Survey, { limits }: ExecSpec) {
    const { work, input } = this.#options;
    const messages = outcome.message === undefined ? [] : [outcome.message];
    await ensureFolder(work);
    await dropOwn(work);
    let after = await survey(work, { entries: limits.files }, input.clock);
    const broken = beyond(after, limits);
    if (broken === undefined && outcome.ended !== "disk") return { after, ended: outcome.ended, messages };
    if (outcome.ended !== "disk" && broken !== undefined) messages.push(broken);
    const made = await removeNew(work, before);
    if (made.length > 0) messages.push(`What it made was removed: ${listed(made)}`);
    after = await survey(work, { entries: limits.files }, input.clock);
    return { after, ended: "disk" as const, messages };
  }
}

function settingsOf(limits: SandboxLimits, read: readonly string[]): ExecSettings {
  return { memory_mb: limits.memory_mb, disk_mb: limits.disk_mb, cpu_s: Math.max(1, Math.ceil(limits.cpu_s)), read };
}

/** A block that was not started because of what it brought or what lies in its folder. */
function refusal(error: unknown): ExecResult {
  if (!(error instanceof AppError) || !["invalid", "wrong_state", "too_large"].includes(error.code)) {
    throw shortageOf("the block", error) ?? error;
  }
  const ended = error.code === "too_large" ? "disk" : "denied";
  const rest = { ok: false, exit_code: 1, stdout: "", stderr: "", value: null, duration_ms: 0, files: [] };
  return { ...rest, ended, message: error.message };
}

/** Most paths and characters of a result's list: what it holds goes into results, reports and questions to models. */
const MAX_PATHS = 200;
const MAX_PATH_CHARACTERS = 20_000;

/** The first paths of a list that are not too much; the log and the folder's own list have all. */
function firstFiles(paths: readonly string[]): string[] {
  let characters = 0;
  return paths.slice(0, MAX_PATHS).filter((path) => (characters += path.length) <= MAX_PATH_CHARACTERS);
}

function listed(paths: readonly string[]): string {
  const shown = paths.slice(0, 10).map((path) => JSON.stringify(path)).join(", ");
  return paths.length > 10 ? `${shown} and ${paths.length - 10} more` : shown;
}
