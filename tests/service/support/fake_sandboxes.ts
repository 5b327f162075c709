// Sandboxes without processes: the real runtime of workers/ in this process, frames through JSON both ways.
//
// A sandbox that is killed or crashes says nothing more, whatever its code still does; `vanish` takes all of them away
// without a word, as a dead server would. What code from outside does is a script by its text.
import type { ChildFrame, ExecResult, HostFrame } from "@/lib/protocol/sandbox.ts";
import type {
  ExecDone,
  ExecSink,
  ExecSpec,
  Executor,
  Isolation,
  Sandboxes,
  SandboxEvents,
  SandboxLimits,
  SandboxOver,
  Workflows,
  WorkflowSandbox,
} from "@/lib/service/ports.ts";
import { describe } from "@/workers/runtime/describe.ts";
import { Runtime } from "@/workers/runtime/runtime.ts";
import type { Workflow } from "@/workers/sdk/types.ts";
import type { FakeClock } from "./fake_clock.ts";

const clone = <T>(value: T): T => JSON.parse(JSON.stringify(value));
const later = (fn: () => void): void => void setImmediate(fn);

/** What a block of code does, found by its text. */
export type ExecScript = (spec: ExecSpec, sink: ExecSink, signal: AbortSignal) => Promise<Partial<ExecDone>>;

/** Sandboxes in this process. */
export class FakeSandboxes implements Sandboxes {
  isolation: Isolation = "limits";
  readonly started: FakeSandbox[] = [];
  readonly scripts = new Map<string, ExecScript>();
  /** Limits of the processes that were wanted ahead. */
  readonly ahead: SandboxLimits[] = [];
  /** Texts of the blocks that ran, in order. */
  readonly executed: string[] = [];
  workflows: Workflow[];
  gone = false;
  failStarts = 0;
  startError: Error = new Error("no process to be had");
  /** Settles when no process of an exec is left. */
  closing: Promise<void> = Promise.resolve();

  constructor(workflows: readonly Workflow[], readonly clock: Pick<FakeClock, "after">) {
    this.workflows = [...workflows];
  }

  get alive(): FakeSandbox[] {
    return this.started.filter((sandbox) => sandbox.alive);
  }

  start = (events: SandboxEvents, limits: SandboxLimits): Promise<WorkflowSandbox> => {
    if (this.failStarts > 0) {
      this.failStarts--;
      return Promise.reject(this.startError);
    }
    const sandbox = new FakeSandbox(this, events, limits);
    this.started.push(sandbox);
    return Promise.resolve(sandbox);
  };

  executor = (): Executor => ({
    ahead: (limits) => void this.ahead.push(limits),
    run: async (spec, sink, signal) => {
      if (this.gone) return await new Promise<ExecResult>(() => {});
      const code = spec.args.code ?? "";
      this.executed.push(code);
      const script = this.scripts.get(code);
      const done = script === undefined ? {} : await Promise.race([script(spec, sink, signal), aborted(signal)]);
      return await (this.gone ? new Promise<ExecResult>(() => {}) : Promise.resolve({ ...EXITED, ...done }));
    },
    close: () => this.closing,
  });

  describe = (): Promise<Workflows> =>
    Promise.resolve({ workflows: this.workflows.map((one) => describe(one, null)), problems: [] });
  probe = (): Promise<void> => Promise.resolve();
  close = async (): Promise<void> => {
    for (const sandbox of this.started) sandbox.kill();
    await Promise.all(this.started.map((sandbox) => sandbox.over));
  };

  /** The server is dead: nothing is heard of any sandbox again. */
  vanish(): void {
    this.gone = true;
    for (const sandbox of this.started) sandbox.mute();
  }
}

const EXITED: ExecResult = {
  ok: true,
  ended: "exit",
  exit_code: 0,
  stdout: "",
  stderr: "",
  value: null,
  duration_ms: 1,
  files: [],
};

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** One sandbox in this process. */
export class FakeSandbox implements WorkflowSandbox {
  readonly pid = 0;
  readonly over: Promise<SandboxOver>;
  /** Frames that came from the host. */
  readonly received: HostFrame[] = [];
  /** Does not obey `cancel` frames. */
  stubborn = false;
  /** Takes its time to die: a kill does nothing yet. */
  undying = false;
  terminated = 0;
  readonly #runtime: Runtime;
  readonly #events: SandboxEvents;
  #queue: Promise<void> = Promise.resolve();
  #silent = false;
  #muted = false;
  #end: (over: SandboxOver) => void = () => {};
  #ended = false;

  constructor(home: FakeSandboxes, events: SandboxEvents, readonly limits: SandboxLimits) {
    this.#events = events;
    this.over = new Promise((resolve) => this.#end = resolve);
    this.#runtime = new Runtime({
      workflows: home.workflows,
      ports: {
        send: (frame) => this.#say(frame),
        output: (stream, message) => this.print(stream === "stderr" ? "stderr" : "stdout", message),
        later,
        after: (ms, fn) => home.clock.after(ms, fn),
        over: () => this.#over({ reason: "exit", exit_code: 0, message: "" }),
      },
    });
  }

  get alive(): boolean {
    return !this.#ended && !this.#muted;
  }

  send(frame: HostFrame): void {
    this.received.push(frame);
    if (frame.type === "cancel" && this.stubborn) return;
    const copy = clone(frame);
    later(() => {
      if (this.#silent || this.#muted) return;
      try {
        this.#runtime.receive(copy);
      } catch (error) {
        this.#over({ reason: "bad_frame", exit_code: 1, message: String(error) });
      }
    });
  }

  /** Writes raw output. */
  print(stream: "stdout" | "stderr", message: string): void {
    if (this.#silent) return;
    this.#deliver(() => this.#events.output([{ stream, message, partial: false }]));
  }

  /** Says a frame as the code of the workflow never would. */
  forge(frame: ChildFrame): void {
    this.#say(frame);
  }

  terminate(): void {
    this.terminated++;
  }
  kill(): void {
    if (this.undying) return;
    this.#over({ reason: "killed", exit_code: 137, message: "" });
  }
  /** Dies in the middle of its work. */
  crash(reason: SandboxOver["reason"] = "exit", exit_code = 1): void {
    this.#over({ reason, exit_code, message: "it crashed" });
  }
  /** Nothing is heard of it again. */
  mute(): void {
    this.#muted = true;
    this.#silent = true;
  }

  #say(frame: ChildFrame): void {
    if (this.#silent) return;
    const copy = clone(frame);
    this.#deliver(() => this.#events.frame(copy));
  }

  #deliver(tell: () => void | Promise<void>): void {
    this.#queue = this.#queue.then(() => this.#muted ? undefined : tell());
  }

  /** What was said before is handed over first. */
  #over(over: SandboxOver): void {
    if (this.#silent) return;
    this.#silent = true;
    this.#queue = this.#queue.then(() => {
      if (this.#muted) return;
      this.#ended = true;
      this.#end(over);
    });
  }
}
