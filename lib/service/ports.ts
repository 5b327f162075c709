// What the service needs from outside, declared here and wired by serve.ts.
//
// Clock and Ids are the only sources of time and randomness in lib. Sandboxes, Folders, Models and Hub have their real
// parts in lib/sandbox, lib/llm and lib/live; tests may use fakes of these edges only.
import type { DescribedWorkflow, WorkflowProblem } from "../model/workflow.ts";
import type { ChildFrame, ExecArgs, ExecResult, HostFrame, ModelArgs, ModelResult } from "../protocol/sandbox.ts";

/** Wall time, monotonic time and timers. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds that never go back. */
  monotonic(): number;
  /** Runs `fn` once after `ms`; the result cancels it. */
  after(ms: number, fn: () => void): Cancel;
  /** Resolves after `ms`, rejects with the signal's reason when it aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
/** Cancels a timer; calling it twice is harmless. */
export type Cancel = () => void;

/** New ids and secrets. */
export interface Ids {
  uuid(): string;
  /** Random characters A-Z a-z 0-9 _ - (22 characters are 128 bits). */
  token(characters: number): string;
}

/** Which wall stands around sandboxes. */
export type Isolation = "bwrap" | "limits" | "plain";

/** Limits of one sandbox or one exec. */
export interface SandboxLimits {
  memory_mb: number;
  disk_mb: number;
  files: number;
  /** Bytes of stdout and stderr that this one may still write. */
  output_bytes: number;
  cpu_s: number;
}

/** How a workflow sandbox ended. `exit` 0 after a `finish` frame is the normal end. */
export interface SandboxOver {
  reason: "exit" | "killed" | "memory" | "output" | "bad_frame" | "spawn";
  exit_code: number;
  message: string;
}

/** What a workflow sandbox tells its owner. Calls come one at a time; a returned promise stops reading until it settles. */
export interface SandboxEvents {
  frame(frame: ChildFrame): void | Promise<void>;
  /** Lines of stdout and stderr that are not frames. */
  output(lines: { stream: "stdout" | "stderr"; message: string; partial: boolean }[]): void | Promise<void>;
}

/** A workflow sandbox that serves one run. */
export interface WorkflowSandbox {
  readonly pid: number;
  /** A promise settles when the sandbox has taken the frame, or is gone; it never rejects. */
  send(frame: HostFrame): void | Promise<void>;
  /** SIGTERM to the group where the wall allows one; no-op under bwrap. */
  terminate(): void;
  /** SIGKILL to the group at once. */
  kill(): void;
  /** Settles when stdout is at its end, all frames were handed over and no process of it is left. Never rejects. */
  readonly over: Promise<SandboxOver>;
}

/** A request that the host sends for a run. */
export interface FetchOrder {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  readonly max_bytes: number;
  /** Whether a host (`name`, `name:port` but for 443) is allowed; asked again for each redirect. */
  allows(host: string): boolean;
}
/** What came of it: an answer, or the host that is not allowed. */
export type Fetched =
  | { url: string; status: number; headers: Record<string, string>; body: Uint8Array }
  | { wants: string };
/** What of the outside runs may reach, and what a person may be asked for. */
export interface Reach {
  /** Why nobody is asked about a host; null: a person may be. */
  mayAskHost(host: string): string | null;
  /** Why nobody is asked about a file or folder; null: a person may be. */
  mayAskPath(path: string): Promise<string | null>;
  /** Throws errors with the code `refused`, `http`, `too_large`; aborts with the signal's reason. */
  fetch(order: FetchOrder, signal: AbortSignal): Promise<Fetched>;
}

/** A request of code in a sandbox, and what it is told. */
export interface BridgeOrder {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Base64. */
  readonly body?: string | undefined;
}
/** What code is told of its request. */
export type BridgeReply =
  | { status: number; url: string; headers: Record<string, string>; body: string }
  | { denied: string }
  | { error: string };

/** What an exec needs beside its code. */
export interface ExecSpec {
  args: ExecArgs;
  limits: SandboxLimits;
  timeout_s: number;
  grants: { read: string[] };
  /** Fetches for its code, where hosts were granted. */
  bridge?: (order: BridgeOrder, signal: AbortSignal) => Promise<BridgeReply>;
}
/** What an exec did, and the right that ended it where it wanted one. */
export type ExecDone = ExecResult & { wants?: { kind: "net" | "read"; what: string } };
/** Receives raw output of an exec, line by line; a returned promise stops reading. */
export type ExecSink = (
  lines: { stream: "stdout" | "stderr"; message: string; partial: boolean }[],
) => void | Promise<void>;

/** Runs blocks for one run, one at a time, each in a process of its own; keeps the next process started ahead. */
export interface Executor {
  /** Begins to start the process of the first block, so that it need not be waited for; for nothing when none comes. */
  ahead(limits: SandboxLimits): void;
  /** Runs one block. Resolves after the process tree is gone; aborting kills it and rejects with the signal's reason. */
  run(spec: ExecSpec, sink: ExecSink, signal: AbortSignal): Promise<ExecDone>;
  /** Kills what is left; settles when no process is left. */
  close(): Promise<void>;
}

/** The workflows that there are. */
export interface Workflows {
  readonly workflows: readonly DescribedWorkflow[];
  /** Files of the folder of own workflows that are no mode, and why. */
  readonly problems: readonly WorkflowProblem[];
}

/** Processes without rights. */
export interface Sandboxes {
  readonly isolation: Isolation;
  /** Takes a warm workflow sandbox (or starts one) for a run. */
  start(events: SandboxEvents, limits: SandboxLimits): Promise<WorkflowSandbox>;
  executor(session_id: string): Executor;
  /** What workflows there are now, as sandboxes read them. An object of an answer is the same while its source is. */
  describe(): Promise<Workflows>;
  /** Throws when no sandbox can be started. */
  probe(): Promise<void>;
  /** Kills everything and waits until nothing is left. */
  close(): Promise<void>;
}

/** A file of a session as it lies in its folder. */
export interface FileInfo {
  path: string;
  size_bytes: number;
  modified_ms: number;
  /** SHA-256, lower-case hex. */
  digest: string;
}
/** A file of a session that can be opened; nothing is open yet. */
export interface FolderFile {
  readonly path: string;
  readonly size_bytes: number;
  readonly modified_ms: number;
  /** Its content, at most as long as it is then; null when it is gone or no regular file any more. */
  open(): Promise<ReadableStream<Uint8Array> | null>;
}
/** The folders of sessions. Links, devices and names outside the folder are refused; `.holdfast` is hidden. */
export interface Folders {
  /** Sessions that have a folder here. */
  list(): Promise<string[]>;
  ensure(session_id: string): Promise<void>;
  /** Regular files by path; digests are kept between scans while size and mtime stand. */
  scan(session_id: string): Promise<FileInfo[]>;
  /** Throws AppError not_found. `stream` is at most `size_bytes` long. */
  open(session_id: string, path: string): Promise<{ info: FileInfo; stream: ReadableStream<Uint8Array> }>;
  /** All files by path, to be read one after the other, without their digests. Throws AppError too_large beyond 5,000. */
  contents(session_id: string): Promise<FolderFile[]>;
  /** Writes whole or not at all (temporary file, rename). Throws AppError invalid, too_large. */
  write(session_id: string, path: string, content: ReadableStream<Uint8Array> | Uint8Array): Promise<FileInfo>;
  /** Removes one file, where it is a regular one. */
  drop(session_id: string, path: string): Promise<void>;
  remove(session_id: string): Promise<void>;
}

/** What a model call tells while it runs. */
export interface ModelSink {
  /** More text of the answer. */
  delta(text: string): void;
  /** A repeat after an error of the service. */
  retry(info: { attempt: number; code: string; message: string; wait_s: number }): void;
}
/** The host's gateway to models. It holds the keys. */
export interface Models {
  /** Whether a real model is configured, and which; `runbook` else. */
  readonly model: string;
  /** One turn. Throws FailureError (lib/llm) with code http, timeout, bad_output, refused; aborts with the signal's reason. */
  turn(args: ModelArgs, sink: ModelSink, signal: AbortSignal): Promise<ModelResult>;
}

/** What a commit tells those who watch: nothing is told before it is durable. */
export interface Committed {
  session_id: string;
  /** First and last seq of the lines; `lines` is NDJSON in UTF-8, each line with its newline. */
  first_seq: number;
  last_seq: number;
  lines: Uint8Array;
  /** Approvals that it asked, answered or closed. */
  approvals: readonly string[];
  deleted: boolean;
}
/** Fan-out of commits inside this process, those of other instances too. */
export interface Hub {
  publish(committed: Committed): void;
  /** Whether anybody here follows the session: else its lines need not be read. */
  follows(session_id: string): boolean;
  /** Commits of other instances went by unheard: everybody looks again. */
  missed(): void;
}
