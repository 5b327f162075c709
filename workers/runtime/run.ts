// One run in this process: its scopes and leaves, and the ways in which it ends.
//
//   R1. Cancel, a mismatch and the end throw nothing into the code: its promises stay open and the process ends.
//   R2. Once over, nothing is sent.
import type { FailureData } from "../../lib/model/journal.ts";
import type { Json } from "../../lib/model/json.ts";
import type { RunStart } from "../../lib/protocol/sandbox.ts";
import { failureData, traceOf } from "./thrown.ts";
import type { Workflow } from "../sdk/types.ts";
import type { Faults } from "./faults.ts";
import { StoredJournal } from "./journal.ts";
import { Outbox } from "./outbox.ts";
import type { RunOver, RuntimePorts } from "./ports.ts";
import { type Leaf, newScope, type Scope } from "./scope.ts";
import { Settler } from "./settler.ts";
import { standsInWaits } from "./waiting.ts";

/** What a run is made of. */
export interface RunParts {
  start: RunStart;
  workflow: Workflow;
  journal: StoredJournal;
  ports: RuntimePorts;
  /** Digest of the source that is loaded now. */
  source_digest: string;
  faults: Faults;
  call_within_ms: number;
  /** Address of the folder of own workflows. */
  folder: string | null;
}

/** A promise that stays open for ever. */
export function never(): Promise<never> {
  return new Promise(() => {});
}

/** A run. */
export class Run {
  readonly start: RunStart;
  readonly workflow: Workflow;
  readonly journal: StoredJournal;
  readonly ports: RuntimePorts;
  readonly faults: Faults;
  readonly call_within_ms: number;
  /** What random numbers are made from. */
  readonly seed: string;
  readonly outbox: Outbox;
  readonly settler: Settler;
  readonly root: Scope;
  readonly scopes = new Map<string, Scope>();
  readonly leaves = new Map<string, Leaf>();
  /** Leaves whose begin the host has not acknowledged. */
  readonly onTheWay = new Set<Leaf>();
  readonly memory: Map<string, Json>;
  /** Version with which this run began. */
  readonly version: number;
  /** Whether any leaf with other arguments is a mismatch: the source has changed and does not say that it fits. */
  readonly strict: boolean;
  /** Requests for files so far, and who waits for which; answered by `files_reply`. */
  fileOps = 0;
  readonly fileReplies = new Map<number, (result: FileResult) => void>();
  plans = 0;
  /** Address of the folder of own workflows. */
  readonly folder: string | null;
  #toldWaiting = false;
  over: RunOver | null = null;
  #finished = false;

  constructor(parts: RunParts) {
    const { start, workflow, journal, ports } = parts;
    this.start = start;
    this.workflow = workflow;
    this.journal = journal;
    this.ports = ports;
    this.faults = parts.faults;
    this.folder = parts.folder;
    this.call_within_ms = parts.call_within_ms;
    this.version = start.version ?? workflow.version;
    const changed = start.source_digest !== undefined && start.source_digest !== parts.source_digest;
    this.strict = changed && workflow.version <= this.version;
    this.memory = new Map(Object.entries(start.memory));
    this.outbox = new Outbox(ports);
    this.settler = new Settler(this);
    this.seed = start.kept?.run_id ?? start.run_id;
    const at = { seed: this.seed, now: start.created_ms };
    this.root = newScope({ key: "", parent: null, kind: "root", stored: journal.scope("") }, at);
    this.scopes.set("", this.root);
  }

  /** The last stored entry has settled, and the code has gone as far as that woke it. */
  caughtUp(): void {
    this.outbox.release();
    if (this.#finished) this.close("finished");
  }

  /** Nothing is left to settle: says so when every live branch stands in a wait. */
  idle(): void {
    if (this.#toldWaiting || this.onTheWay.size > 0 || !standsInWaits(this.root)) return;
    this.#toldWaiting = true;
    this.outbox.send({ type: "waiting", settled: this.settler.last });
  }

  /** Something has come or gone since: when it waits again, it says so again. */
  sayWaitingAgain(): void {
    this.#toldWaiting = false;
    this.settler.poke();
  }

  /** The code does not call what the journal holds. */
  mismatch(why: string): void {
    const message = `The code does not fit the journal of this run: ${why}`;
    this.#endPast({ type: "mismatch", code: "nondeterministic", message });
  }

  /** The code calls two things at once in one scope, or one that nobody awaited. */
  concurrent(message: string): void {
    this.#endPast({ type: "mismatch", code: "concurrent_step", message });
  }

  #endPast(frame: { type: "mismatch"; code: "nondeterministic" | "concurrent_step"; message: string }): void {
    if (this.over !== null) return;
    this.outbox.sendPast(frame);
    this.close("mismatch");
  }

  /** The workflow returned: said when all that is stored has settled. */
  finish(value: Json): void {
    this.#finish({ ok: true, value });
  }

  /** The workflow threw. */
  fail(thrown: unknown): void {
    const failure: FailureData = failureData(thrown);
    const traceback = traceOf(thrown, this.folder);
    this.#finish({ ok: false, failure, ...(traceback === undefined ? {} : { traceback }) });
  }

  /** An error that no code awaits: the run cannot go on, wherever it stands. */
  failNow(thrown: unknown): void {
    if (this.over !== null || this.#finished) return;
    const left = this.settler.uncalled();
    if (left !== null) return this.mismatch(`it ended (${failureData(thrown).message}) and had not called "${left}"`);
    this.outbox.release();
    this.fail(thrown);
  }

  #finish(result: { ok: true; value: Json } | { ok: false; failure: FailureData; traceback?: string }): void {
    if (this.over !== null || this.#finished) return;
    this.#finished = true;
    this.outbox.send({ type: "finish", result });
    if (!this.outbox.holding) this.close("finished");
  }

  /** Ends the run in this process. */
  close(how: RunOver): void {
    if (this.over !== null) return;
    if (how !== "mismatch") this.outbox.flush();
    this.over = how;
    this.settler.stop();
    for (const leaf of this.leaves.values()) leaf.abort?.();
    this.ports.over(how);
  }
}

/** The host's answer to a request for files. */
export type FileResult = { ok: true; value: Json } | { ok: false; failure: FailureData };
