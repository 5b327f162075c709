// A started sandbox with everything that serves it: its frames, its leaves, its journal, its raw output.
//
// Made once a start; the driver decides when it ends. Leaves to begins.ts, leaves.ts, journal_feed.ts what each does.
//   O1. `over` settles when stdout is at its end, no leaf is at work, no process is left and all that was said is heard.
import { SHORT_SLEEP_MS } from "../../engine/limits.ts";
import { isShortSleep, isWait, mayAskOneMore } from "../../engine/open.ts";
import type { FileChange } from "../../model/command.ts";
import type { SessionState } from "../../engine/state.ts";
import type { AppError } from "../../model/error.ts";
import type { EventDraft } from "../../model/event.ts";
import type { OpenEntry } from "../../model/journal.ts";
import type { BeginFrame, HostFrame } from "../../protocol/sandbox.ts";
import type { RunCore } from "../core.ts";
import { passing, planted } from "../../store/fault_point.ts";
import { limitsOf } from "../limits.ts";
import type { Cancel, Executor, SandboxOver, WorkflowSandbox } from "../ports.ts";
import { Begins, says } from "./begins.ts";
import type { Claim } from "./driver.ts";
import { Frames } from "./frames.ts";
import { rightGate } from "./gate_asks.ts";
import { createHostLeaves, grantsIn, type HostLeaves } from "./host_leaves.ts";
import { JournalFeed } from "./journal_feed.ts";
import { CancelLadder } from "./ladder.ts";
import type { Wish } from "./leaf.ts";
import { Leaves } from "./leaves.ts";
import type { Told } from "./moved.ts";
import { OutputLog } from "./output.ts";
import { budgetGate, Rights } from "./rights.ts";
import { saidAgain } from "../planted.ts";
import { type Prepared, prepareStart } from "./start.ts";
import { fireTimer, tellStage } from "./system_says.ts";
import { Voice } from "./voice.ts";

/** What a sandbox tells its driver. */
export interface HostEvents {
  /** The state after the claim. */
  readonly state: SessionState;
  /** A command of the sandbox was refused. */
  refused(error: AppError): void;
  /** A leaf rests or was held back. */
  rested(): void;
  /** Something of the host broke: the sandbox cannot go on. */
  broke(what: string, error: unknown): void;
  /** It asked for more than a run may. */
  exceeded(message: string): void;
}

/** A started sandbox. */
export class SandboxHost {
  readonly #core: RunCore;
  readonly #claim: Claim;
  readonly #events: HostEvents;
  readonly #voice: Voice;
  readonly #feed: JournalFeed;
  readonly #begins: Begins;
  readonly #rights: Rights;
  readonly #hostLeaves: HostLeaves;
  readonly #leaves: Leaves;
  readonly #executor: Executor;
  readonly #ladder: CancelLadder;
  readonly #called = new AbortController();
  readonly #timers = new Set<Cancel>();
  readonly #prepared: Prepared;
  #sandbox: WorkflowSandbox | null = null;
  #frames: Frames | null = null;
  #draining = false;
  #state: SessionState;
  #over: Promise<SandboxOver> | null = null;

  /** Starts a sandbox for a claimed run. Throws when it cannot be started; AppError `invalid` when its mode is gone. */
  static async start(core: RunCore, claim: Claim, events: HostEvents): Promise<SandboxHost> {
    const host = new SandboxHost(core, claim, { events, prepared: await prepareStart(core, events.state) });
    await host.#start();
    return host;
  }

  private constructor(core: RunCore, claim: Claim, given: { events: HostEvents; prepared: Prepared }) {
    const { events, prepared } = given;
    this.#core = core;
    this.#claim = claim;
    this.#events = events;
    this.#prepared = prepared;
    this.#state = events.state;
    const principal = { kind: "run" as const, ...claim };
    this.#voice = new Voice({ submit: core.submit, principal, refused: (error) => events.refused(error) });
    this.#feed = new JournalFeed({
      send: (frame) => this.#send(frame),
      resolve: (value) => core.resolve(claim.session_id, value),
      failed: (error) => events.broke("read the journal", error),
    });
    this.#executor = core.sandboxes.executor(claim.session_id);
    this.#rights = this.#makeRights();
    this.#hostLeaves = createHostLeaves({
      core,
      session_id: claim.session_id,
      voice: this.#voice,
      executor: this.#executor,
      rights: this.#rights,
      state: () => this.#state,
      report: (said, bytes) => this.#report(said, bytes),
    }, prepared.run);
    this.#leaves = this.#makeLeaves();
    this.#begins = this.#makeBegins();
    this.#ladder = new CancelLadder({
      clock: core.clock,
      terminates: core.sandboxes.isolation !== "bwrap",
      tell: () => this.#send({ type: "cancel" }),
      terminate: () => this.#sandbox?.terminate(),
      kill: () => this.#sandbox?.kill(),
      stage: (stage) => tellStage(core, claim, stage),
    });
  }

  #makeRights(): Rights {
    const { reach, ids, resolve } = this.#core;
    return new Rights({
      grants: grantsIn(this.#prepared.run),
      reach,
      ids,
      state: () => this.#state,
      resolve: (value) => resolve(this.#claim.session_id, value),
    });
  }

  /** Asks for a right that an attempt ended for. */
  async #ask(frame: BeginFrame, wish: Wish): Promise<"gated" | "granted" | "refused"> {
    const gate = rightGate(wish, this.#core.ids.uuid());
    const heard = await this.#voice.say({ type: "gate_leaf", key: frame.key, gate });
    if (!heard.ok) return "refused";
    if (says(heard.reply, "granted")) return "granted";
    if (says(heard.reply, "later")) this.#begins.later(frame, heard.state);
    else if (says(heard.reply, "gated")) this.#begins.gated(frame, heard.state);
    else return "refused";
    return "gated";
  }

  #makeLeaves(): Leaves {
    const { attempt } = this.#hostLeaves;
    return new Leaves({
      voice: this.#voice,
      clock: this.#core.clock,
      attempt,
      ask: (frame, wish) => this.#ask(frame, wish),
      files: () => this.#changedFiles(),
      again: (frame) => void this.#begins.begin(frame),
      rested: () => this.#events.rested(),
      broken: (error) => this.#events.broke("finish a leaf", error),
    });
  }

  /** What a leaf made or changed; on a shared store it is shared before the leaf ends. */
  async #changedFiles(): Promise<FileChange[]> {
    const changes = await this.#prepared.files.changes();
    await this.#core.shared?.share(this.#claim.session_id, this.#claim.fence);
    return changes;
  }

  #makeBegins(): Begins {
    return new Begins({
      voice: this.#voice,
      feed: this.#feed,
      clock: this.#core.clock,
      ids: this.#core.ids,
      send: (frame) => void this.#send(frame),
      state: () => this.#state,
      gate: (frame) => this.#rights.gate(frame),
      budgetGate: (run) => budgetGate(run, this.#hostLeaves.next, this.#core.ids),
      paused: () => this.#draining || this.#state.run?.pause !== undefined,
      began: (frame, entry) => this.#began(frame, entry),
      rested: () => this.#events.rested(),
    });
  }

  /** What it was told to load. */
  get told(): Told {
    const { run, begin } = this.#prepared;
    return { mode: run.mode, source_digest: begin.source_digest };
  }

  /** Settles when everything of the sandbox is over. */
  get over(): Promise<SandboxOver> {
    return this.#over ?? Promise.reject(new Error("the sandbox was not started"));
  }

  /** Whether a leaf is at work, or about to be. */
  get atWork(): boolean {
    return this.#leaves.atWork > 0 || this.#begins.deciding > 0;
  }

  /** Whether a pause has come to its boundary: nothing is at work and something is held back. */
  get atBoundary(): boolean {
    if (this.#state.run?.pause === undefined || this.atWork) return false;
    return this.#begins.holding || this.#begins.waitingToAsk || this.#leaves.resting > 0;
  }

  /** Begins no leaf any more. */
  drain(): void {
    this.#draining = true;
  }

  /** A state of the run under this fence, durable. */
  committed(state: SessionState): void {
    if (state.head.entry_n !== this.#state.head.entry_n) this.#frames?.settled(state.entries);
    this.#state = state;
    this.#feed.deliver(state.entries);
    if (state.run?.cancel !== undefined) {
      this.#leaves.stop();
      return this.#ladder.start();
    }
    if (state.run?.pause === undefined) this.#begins.release();
    this.#begins.answered(state);
    if (this.#begins.waitingToAsk && mayAskOneMore(state)) this.#begins.retryLater();
  }

  /** Its code begins or goes on after a wait: the process of a block starts with it, since that takes as long again. */
  startAhead(): void {
    if (!this.#prepared.expectsCode(this.#state.entries.values())) return;
    this.#executor.ahead(limitsOf(this.#prepared.run, this.#core));
  }

  /** Kills the sandbox and calls off what the host does for it. */
  kill(): void {
    this.#callOff();
    this.#sandbox?.kill();
  }

  async #start(): Promise<void> {
    const { core, prepared } = { core: this.#core, prepared: this.#prepared };
    const { run_id } = this.#claim;
    const output = new OutputLog({ run_id, source: "workflow" }, core.redactor);
    const frames = this.#frames = new Frames({
      ...this.#claim,
      voice: this.#voice,
      begins: this.#begins,
      leaves: this.#leaves,
      folders: core.folders,
      signal: this.#called.signal,
      send: (frame) => this.#send(frame),
      behind: core.behind,
      exceeded: (message) => this.#events.exceeded(message),
    });
    const limits = limitsOf(prepared.run, core);
    this.startAhead();
    try {
      this.#sandbox = await core.sandboxes.start({
        frame: (frame) => frames.take(frame),
        output: (lines) => {
          frames.flush();
          const told = output.reports(lines).map(({ events, bytes }) => this.#report(events, bytes));
          return core.behind() ? Promise.all(told).then(() => undefined) : undefined;
        },
      }, limits);
    } catch (error) {
      await this.#executor.close();
      throw error;
    }
    this.#over = this.#untilOver(this.#sandbox, output);
    try {
      await this.#tell(prepared);
    } catch (error) {
      // It is started: whoever holds this host ends it. A throw would leave a sandbox behind that nobody knows.
      this.#events.broke("tell the sandbox its run", error);
    }
  }

  /** The first word of the sandbox, then its run and all that is stored of it. */
  async #tell(prepared: Prepared): Promise<void> {
    const heard = await this.#voice.say({ type: "begin_run", ...prepared.begin });
    if (!heard.ok) return;
    this.#send(prepared.start);
    await this.#feed.sendStored(this.#events.state.entries, prepared.kept);
    if (this.#events.state.entries.size > 0) passing("replay.sent");
    const again = saidAgain(this.#events.state);
    if (again.length > 0) await this.#report(again);
  }

  async #untilOver(sandbox: WorkflowSandbox, output: OutputLog): Promise<SandboxOver> {
    const over = await sandbox.over;
    if (planted("start_early")) return over;
    if (planted("skip_fence")) {
      void this.#leaves.quiet().then(() => this.#executor.close());
      return over;
    }
    this.#callOff();
    for (const { events, bytes } of output.end()) void this.#report(events, bytes);
    await Promise.all([this.#leaves.quiet(), this.#executor.close()]);
    await this.#voice.quiet();
    return over;
  }

  #callOff(): void {
    this.#called.abort(new DOMException("the sandbox is over", "AbortError"));
    this.#leaves.stop();
    this.#ladder.end();
    for (const cancel of this.#timers) cancel();
  }

  #began(frame: BeginFrame, entry: OpenEntry): void {
    if (this.#called.signal.aborted) return;
    if (!isWait(entry)) return this.#leaves.start(frame, entry);
    if (!isShortSleep(entry) || entry.until === undefined) return;
    // Never longer than a short sleep is, whatever time of day it began with.
    const left = Math.min(SHORT_SLEEP_MS, Math.max(0, Date.parse(entry.until) - this.#core.clock.now()));
    this.#timers.add(this.#core.clock.after(left, () => {
      void fireTimer(this.#core, this.#claim, { key: entry.key, signal: this.#called.signal });
    }));
  }

  async #report(events: EventDraft[], output_bytes = 0): Promise<void> {
    passing("leaf.output");
    const size_bytes = 200 * events.length + output_bytes;
    await this.#voice.say({ type: "report", events, output_bytes }, { urgent: false, size_bytes });
  }

  #send(frame: HostFrame): void | Promise<void> {
    if (!this.#called.signal.aborted) return this.#sandbox?.send(frame);
  }
}
