// The leaves at work in one sandbox: those that the host carries out (model, exec, tool) and the steps of the sandbox.
//
//   B1. A leaf starts after its begin is committed and ends by one command; called off, it says nothing more.
//   B2. A failed attempt that the policy repeats is committed as such; after its pause the leaf begins again, like any
//       other, so that a pause of the run holds it back.
//   B3. An attempt that ended for want of a right that a person may give is not counted.
//   B4. What a leaf put into the log is said before its end.
import type { FileChange } from "../../model/command.ts";
import { draft } from "../../model/event.ts";
import type { FailureData, OpenEntry, Policy } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import { utf8Length } from "../../model/utf8.ts";
import type { BeginFrame } from "../../protocol/sandbox.ts";
import { passing } from "../../store/fault_point.ts";
import type { Clock } from "../ports.ts";
import type { Outcome, Wish } from "./leaf.ts";
import { writes } from "./tool_leaf.ts";
import type { Heard, Voice } from "./voice.ts";

/** What the leaves of one sandbox share. */
export interface LeavesParts {
  readonly voice: Voice;
  readonly clock: Clock;
  /** Carries out one attempt of a leaf of the host. Rejects only with the signal's reason. */
  attempt(frame: BeginFrame, entry: OpenEntry, signal: AbortSignal): Promise<Outcome>;
  /** What was made or changed in the folder since the last leaf. */
  files(): Promise<FileChange[]>;
  /** Asks for a right; "gated": the leaf begins again after the answer; "granted": at once; else its failure stands. */
  ask(frame: BeginFrame, wish: Wish): Promise<"gated" | "granted" | "refused">;
  /** Begins a leaf again after the pause of its policy. */
  again(frame: BeginFrame): void;
  /** A leaf is not at work any more. */
  rested(): void;
  /** A leaf could not be carried to its end: nothing that its policy could repeat. */
  broken(error: unknown): void;
}
/** A leaf at work, or between two attempts. */
interface Working {
  readonly frame: BeginFrame;
  readonly entry: OpenEntry;
  readonly stop: AbortController;
  done: Promise<void>;
  resting: boolean;
  wrote: boolean;
}

/** The leaves at work in one sandbox. */
export class Leaves {
  readonly #parts: LeavesParts;
  readonly #working = new Map<string, Working>();

  constructor(parts: LeavesParts) {
    this.#parts = parts;
  }

  /** Leaves whose attempt runs now: a pause waits for them. */
  get atWork(): number {
    return [...this.#working.values()].filter((one) => !one.resting).length;
  }

  /** Leaves between two attempts. */
  get resting(): number {
    return this.#working.size - this.atWork;
  }

  /** Starts a leaf whose begin is committed; a step runs in the sandbox, which tells its end. */
  start(frame: BeginFrame, entry: OpenEntry): void {
    const stop = new AbortController();
    const working: Working = { frame, entry, stop, done: Promise.resolve(), resting: false, wrote: mayWrite(frame) };
    this.#working.set(entry.key, working);
    if (frame.kind !== "step") this.#run(working, () => this.#parts.attempt(frame, entry, stop.signal));
  }

  /** The sandbox tells how the attempt of a step ended. False: no such step is at work. */
  ended(key: string, outcome: Outcome): boolean {
    const working = this.#working.get(key);
    if (working === undefined || working.frame.kind !== "step" || working.resting) return false;
    this.#run(working, () => Promise.resolve(outcome));
    return true;
  }

  /** A step uses a file: false when it is not at work. */
  uses(key: string, writing: boolean): boolean {
    const working = this.#working.get(key);
    if (working === undefined || working.frame.kind !== "step") return false;
    if (writing) working.wrote = true;
    return true;
  }

  /** Calls leaves off; all without keys. */
  stop(keys: Iterable<string> = [...this.#working.keys()]): void {
    for (const key of keys) {
      this.#working.get(key)?.stop.abort(new DOMException("called off", "AbortError"));
      if (this.#working.get(key)?.frame.kind === "step") this.#working.delete(key);
    }
  }

  /** Settles when none is at work any more. */
  async quiet(): Promise<void> {
    while (this.#working.size > 0) await Promise.all([...this.#working.values()].map((one) => one.done));
  }

  #run(working: Working, attempt: () => Promise<Outcome>): void {
    working.done = this.#carryOut(working, attempt).catch((error) => {
      this.#forget(working);
      // Called off: whoever did it settles the run.
      if (!working.stop.signal.aborted) this.#parts.broken(error);
    });
  }

  async #carryOut(working: Working, attempt: () => Promise<Outcome>): Promise<void> {
    const { frame, entry, stop: { signal } } = working;
    const outcome = await attempt();
    passing("leaf.ended");
    signal.throwIfAborted();
    if (!outcome.ok && outcome.wants !== undefined) {
      const asked = await this.#parts.ask(frame, outcome.wants);
      signal.throwIfAborted();
      if (asked === "gated" || asked === "granted") return this.#again(working, asked === "granted");
    }
    if (!outcome.ok && repeats(frame.policy, entry.failures.length, outcome.failure)) {
      return await this.#repeat(working, outcome.failure);
    }
    const files = working.wrote ? await this.#parts.files() : [];
    signal.throwIfAborted();
    // Files beyond what one commit holds are told before, in the order of their names.
    const [last = [], ...before] = packFiles(files).reverse();
    for (const part of before.reverse()) this.#tellFiles(entry.key, part);
    await endLeaf(this.#parts.voice, { key: entry.key, result: resultOf(outcome), files: last });
    this.#forget(working);
  }

  #tellFiles(key: string, files: readonly FileChange[]): void {
    const events = files.map(({ path, file_type, size_bytes, created }) =>
      draft(created ? "file_created" : "file_updated", null, { file_path: path, file_type, size_bytes, step_id: key })
    );
    void this.#parts.voice.say({ type: "report", events, output_bytes: 0 }, { size_bytes: PART_BYTES });
  }

  async #repeat(working: Working, failure: FailureData): Promise<void> {
    const { frame, entry, stop: { signal } } = working;
    const backoff_s = frame.policy.backoff_s ?? 0;
    const max_attempts = frame.policy.attempts ?? 1;
    const heard = await this.#parts.voice.say({ type: "retry_leaf", key: entry.key, failure, backoff_s, max_attempts });
    signal.throwIfAborted();
    if (!heard.ok) return this.#forget(working);
    working.resting = true;
    this.#parts.rested();
    if (backoff_s > 0) await this.#parts.clock.sleep(backoff_s * 1000, signal);
    this.#forget(working);
    this.#parts.again(frame);
  }

  /** The attempt was not one: the leaf begins again at once, or when a person has answered. */
  #again(working: Working, now: boolean): void {
    this.#forget(working);
    if (now) this.#parts.again(working.frame);
  }

  #forget(working: Working): void {
    if (this.#working.get(working.entry.key) === working) this.#working.delete(working.entry.key);
    this.#parts.rested();
  }
}

/** Whether a leaf of this kind may change the folder; of a step one learns it when it does. */
function mayWrite(frame: BeginFrame): boolean {
  return frame.kind === "exec" || (frame.kind === "tool" && writes(frame.args));
}

/** What a leaf ended with. */
type LeafResult = { ok: true; value: Json } | { ok: false; failure: FailureData };

function resultOf(outcome: Outcome): LeafResult {
  if (outcome.ok) return { ok: true, value: outcome.value };
  return outcome.value === undefined ? { ok: false, failure: outcome.failure } : { ok: true, value: outcome.value };
}

/** Ends a leaf; a result that no commit can hold is a failure of the leaf. */
async function endLeaf(
  voice: Voice,
  end: { key: string; result: LeafResult; files: FileChange[] },
): Promise<Heard> {
  const heard = await voice.say({ type: "end_leaf", ...end }, { expect: ["too_large"] });
  if (heard.ok || heard.error.code !== "too_large") return heard;
  const failure = { code: "too_large", message: `The result of "${end.key}" is too large to be stored` };
  return await voice.say({ type: "end_leaf", key: end.key, result: { ok: false, failure }, files: end.files });
}

/** Most bytes and files of one part: it is half of what a command may hold. */
const PART_BYTES = 60_000;
const PART_FILES = 100;
/** What a file takes in the log beside its name. */
const FILE_BYTES = 400;

/** Cuts a list of files into parts that one command can tell. */
export function packFiles(files: readonly FileChange[]): FileChange[][] {
  const parts: FileChange[][] = [];
  let bytes = 0;
  for (const file of files) {
    const size = FILE_BYTES + utf8Length(JSON.stringify(file.path));
    const part = parts.at(-1);
    if (part === undefined || bytes + size > PART_BYTES || part.length === PART_FILES) {
      parts.push([file]);
      bytes = size;
      continue;
    }
    part.push(file);
    bytes += size;
  }
  return parts;
}

/** Whether the policy repeats an attempt that failed so; `failed` counts the attempts before it. */
export function repeats(policy: Policy, failed: number, failure: FailureData): boolean {
  if (failed + 1 >= (policy.attempts ?? 1)) return false;
  return policy.retry_on === undefined || policy.retry_on.includes(failure.code);
}
