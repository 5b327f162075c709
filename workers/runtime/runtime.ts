// The runtime of one sandbox: host frames in, sandbox frames out. It serves one run and is thrown away.
//
// Drivable in the same process: `receive` takes what the host sends, `ports.send` gets what the sandbox says. Frames of
// the host are trusted and checked lightly: one that cannot be is a RangeError, and the sandbox goes.
import type { HostFrame, RunStart } from "../../lib/protocol/sandbox.ts";
import type { JsonObject } from "../../lib/model/json.ts";
import type { FailureData, ScopeRow } from "../../lib/model/journal.ts";
import { Failure } from "../sdk/failure.ts";
import type { Workflow } from "../sdk/types.ts";
import { newCtx } from "./ctx.ts";
import { checkStrict, describe, digestOfSource, problemOf } from "./describe.ts";
import type { Faults } from "./faults.ts";
import { isWhole } from "./group.ts";
import { at } from "./here.ts";
import { StoredJournal } from "./journal.ts";
import { exactJson } from "./json.ts";
import { type Known, whileLoading } from "./known.ts";
import { begun, gated } from "./leaf.ts";
import type { RuntimePorts } from "./ports.ts";
import { Random } from "./random.ts";
import { Run } from "./run.ts";
import { failureData, traceOf } from "./thrown.ts";
import { COMMON_KEYS } from "./verbs.ts";

/** Version of the protocol that this runtime speaks. */
const PROTOCOL = 1;
const CALL_WITHIN_MS = 5000;

/** What a runtime is made of. */
export interface RuntimeOptions {
  workflows: readonly Workflow[];
  /** Loads the workflow of a file below the folder that the host named. Throws what the file throws. */
  load?: (folder: string, wanted: { file: string; sources?: Record<string, string> }) => Promise<Workflow>;
  ports: RuntimePorts;
  faults?: Faults;
  /** How long the code may take to call the next stored entry; 5 s. */
  call_within_ms?: number;
}

/** Runs one run. */
export class Runtime {
  readonly #options: RuntimeOptions;
  readonly #journal = new StoredJournal();
  #source_digest: string | null = null;
  #folder: string | null = null;
  #start: RunStart | null = null;
  #run: Run | null = null;
  #cancelled = false;

  constructor(options: RuntimeOptions) {
    this.#options = options;
  }

  /** Takes a frame of the host. Throws RangeError when it cannot come now. */
  receive(frame: HostFrame): void {
    switch (frame.type) {
      case "hello":
        if (frame.protocol !== PROTOCOL) throw new RangeError(`the host speaks protocol ${frame.protocol}`);
        this.#source_digest = frame.source_digest ?? null;
        this.#folder = frame.workflows ?? null;
        return this.#options.ports.send({ type: "ready", protocol: PROTOCOL });
      case "describe": {
        if (frame.file !== undefined) return void this.#describeFile(frame.file);
        const workflows = this.#options.workflows.map((workflow) => describe(workflow, this.#source_digest));
        return this.#options.ports.send({ type: "described", workflows });
      }
      case "start":
        return this.#takeStart(frame.run, frame.scopes);
      case "entries":
        this.#journal.addEntries(frame.entries);
        return frame.last ? this.#begin() : undefined;
      case "cancel":
        return this.#cancel();
      case "began":
        return begun(this.#running(frame.type), frame.key, frame.attempt);
      case "gated":
        return gated(this.#running(frame.type), frame.key);
      case "settle": {
        if (frame.entry.status === "open") throw new RangeError(`entry "${frame.entry.key}" has not finished`);
        return this.#running(frame.type).settler.push(frame.entry);
      }
      case "files_reply": {
        const run = this.#running(frame.type);
        run.fileReplies.get(frame.op)?.(frame.result);
        run.fileReplies.delete(frame.op);
        return;
      }
      default:
        frame satisfies never;
    }
  }

  /** An error that no code awaits: ends the run `failed`. Returns false when no run is there to end. */
  fail(thrown: unknown): boolean {
    if (this.#run === null || this.#run.over !== null) return false;
    this.#run.failNow(thrown);
    return true;
  }

  #running(type: string): Run {
    if (this.#run === null) throw new RangeError(`"${type}" came before the entries`);
    return this.#run;
  }

  #takeStart(start: RunStart, scopes: readonly ScopeRow[]): void {
    if (this.#start !== null) throw new RangeError("a sandbox serves one run");
    this.#start = start;
    this.#journal.addScopes(scopes);
  }

  #cancel(): void {
    this.#cancelled = true;
    if (this.#run === null) this.#options.ports.over("cancelled");
    else this.#run.close("cancelled");
  }

  async #describeFile(file: string): Promise<void> {
    const { send } = this.#options.ports;
    try {
      const workflow = await this.#load({ file }, { now: 0, random: new Random("", "") });
      const described = describe(workflow, this.#source_digest);
      checkStrict(described.config_schema);
      send({ type: "described", workflows: [described] });
    } catch (thrown) {
      send({ type: "described", workflows: [], problem: problemOf(thrown, this.#address) });
    }
  }

  get #address(): string | null {
    return this.#folder === null ? null : `file://${encodeURI(this.#folder)}`;
  }

  async #load(wanted: { file: string; sources?: Record<string, string> }, known: Known): Promise<Workflow> {
    const { load } = this.#options;
    const folder = this.#folder;
    if (folder === null || load === undefined) throw new RangeError("the host named no folder of workflows");
    return await whileLoading(known, () => load(folder, wanted));
  }

  #begin(): void {
    if (this.#start === null || this.#run !== null) throw new RangeError("entries came without a start");
    if (this.#cancelled) return;
    const { own, workflow: id, run_id, created_ms, kept } = this.#start;
    if (own === undefined) return this.#beginWith(this.#options.workflows.find((one) => one.id === id));
    const known = { now: created_ms, random: new Random(kept?.run_id ?? run_id, "/") };
    this.#load(own, known).then(
      (workflow) => this.#beginWith(workflow.id === id ? workflow : undefined),
      (thrown) => this.#refuse(failureData(thrown), traceOf(thrown, this.#address)),
    );
  }

  #refuse(failure: FailureData, traceback?: string): void {
    if (this.#cancelled) return;
    const { ports } = this.#options;
    const trace = traceback === undefined ? {} : { traceback };
    ports.send({ type: "finish", result: { ok: false, failure, ...trace } });
    ports.over("finished");
  }

  #beginWith(workflow: Workflow | undefined): void {
    if (this.#start === null || this.#cancelled) return;
    const { ports, faults = {}, call_within_ms = CALL_WITHIN_MS } = this.#options;
    const start = this.#start;
    if (workflow === undefined) {
      const message = `Cannot run workflow "${start.workflow}": there is no such workflow`;
      return this.#refuse({ code: "unknown_workflow", message });
    }
    const source_digest = start.own?.digest ?? this.#source_digest ?? digestOfSource(workflow);
    const journal = this.#journal;
    this.#run = new Run({
      start,
      workflow,
      journal,
      ports,
      faults,
      source_digest,
      call_within_ms,
      folder: this.#address,
    });
    execute(this.#run);
  }
}

/** Runs the code of a workflow from the top. */
function execute(run: Run): void {
  const stored = run.journal.settled();
  if (stored.length > 0) run.outbox.hold();
  run.settler.load(stored);
  run.settler.poke();
  const code = at({ run, scope: run.root, step: null }, () => runWorkflow(run));
  code.then((value) => ended(run, () => run.finish(value)), (error) => ended(run, () => run.fail(error)));
}

function ended(run: Run, say: () => void): void {
  if (run.over !== null || !isWhole(run, run.root)) return;
  run.root.state = "ended";
  say();
}

async function runWorkflow(run: Run) {
  const { workflow } = run;
  // The config was parsed by the workflow's own schema: it is what this workflow's ctx holds.
  const ctx = newCtx(run, configOf(run)) as Parameters<Workflow["run"]>[0];
  return exactJson(await workflow.run(ctx), `the result of workflow "${workflow.id}"`);
}

/** What the workflow's schema is asked about: the keys of every mode that it does not name are the host's alone. */
function ownKeys({ config: { shape } }: Workflow, config: JsonObject): JsonObject {
  const entries = Object.entries(config);
  return Object.fromEntries(entries.filter(([key]) => !COMMON_KEYS.has(key) || Object.hasOwn(shape, key)));
}

/** The config as the workflow's schema makes it once: a later start gets what it was, also when the schema has changed. */
function configOf({ workflow, start, outbox }: Run): unknown {
  if (start.parsed === true) return start.config;
  const parsed = workflow.config.safeParse(ownKeys(workflow, start.config));
  if (!parsed.success) {
    throw new Failure("invalid_config", `The config of "${workflow.id}" does not fit: ${parsed.error.message}`);
  }
  const config = exactJson(parsed.data, `the config of workflow "${workflow.id}"`) as JsonObject;
  outbox.send({ type: "config", config });
  return config;
}
