// The fixed program of a workflow sandbox: stdin and stdout around the runtime. It needs no permission at all.
//
//   M1. The first line of stdin is `hello` with the nonce; before it nothing is said.
//   M2. The end of stdin, or another parent than the one in `hello`, ends the process: it never outlives its server.
//   M3. Storage that all runs would share is gone before any workflow is loaded.
//   M4. After `finish`, a mismatch or a cancel the process ends with 0; a host that says what cannot be, with 70; files
//       of a workflow that were saved while they were loaded, with 75.
import { captured } from "./capture.ts";
import { lines, Writer } from "./channel.ts";
import { installConsole } from "./console.ts";
import { installGlobals } from "./runtime/globals.ts";
import { Runtime } from "./runtime/runtime.ts";
import type { HostFrame } from "../lib/protocol/sandbox.ts";
import { loadOwn, SourceMoved, type Wanted } from "./own_workflow.ts";
import type { Workflow } from "./sdk/types.ts";

const PARENT_CHECK_MS = 1000;
const EXIT_BAD_HOST = 70;
const EXIT_SOURCE_MOVED = 75;

type Hello = Extract<HostFrame, { type: "hello" }>;

/** Reads a line of the host: trusted, so only what the channel itself needs is checked. */
function frameOf(line: string): HostFrame {
  const frame: HostFrame = captured.parse(line);
  if (typeof frame?.type !== "string") throw new RangeError("a line of the host is not a frame");
  return frame;
}

function helloOf(line: string): Hello {
  const frame = frameOf(line);
  if (frame.type !== "hello" || frame.nonce.length < 16) throw new RangeError("the first line is not a hello");
  return frame;
}

/** `openKv` needs no right where the root config allows it, and would write below DENO_DIR like the others. */
function dropSharedStorage(): void {
  for (const name of ["localStorage", "sessionStorage", "caches"]) Reflect.deleteProperty(globalThis, name);
  Reflect.deleteProperty(Deno, "openKv");
}

/** Where no wall kills the children of a dead server its pid is an argument: this thread looks for it, also during a spin. */
async function guardOrphan(): Promise<void> {
  const server = Number(Deno.args[0]);
  if (!(server > 0)) return;
  const { Worker } = await import("node:worker_threads");
  const guard = `setInterval(() => { if (Deno.ppid !== ${server}) Deno.kill(Deno.pid, "SIGKILL"); }, 200);`;
  new Worker(guard, { eval: true }).unref();
}

/** Exits when another process has become the parent. 0 is a parent that cannot be named (a PID namespace of its own). */
function watchParent(parent: number): void {
  if (parent === 0) return;
  const check = () => {
    if (Deno.ppid !== parent) captured.exit(0);
  };
  check();
  captured.every(PARENT_CHECK_MS, check);
}

async function load(writer: Writer, folder: string, wanted: Wanted): Promise<Workflow> {
  try {
    return await loadOwn(folder, wanted);
  } catch (error) {
    if (!(error instanceof SourceMoved)) throw error;
    writer.output(`${error.message}\n`);
    writer.flush();
    return captured.exit(EXIT_SOURCE_MOVED);
  }
}

function newRuntime(writer: Writer, workflows: readonly Workflow[]): Runtime {
  return new Runtime({
    workflows,
    load: (folder, wanted) => load(writer, folder, wanted),
    ports: {
      send: (frame) => writer.frame(frame),
      output: (_stream, text) => writer.output(text),
      later: captured.later,
      after: captured.after,
      over: () => {
        writer.flush();
        captured.exit(0);
      },
    },
  });
}

/** What no code awaits must not end the process before the host knows why. */
function watchErrors(runtime: Runtime): void {
  globalThis.addEventListener("unhandledrejection", (event) => {
    if (runtime.fail(event.reason)) event.preventDefault();
  });
  globalThis.addEventListener("error", (event) => {
    if (runtime.fail(event.error)) event.preventDefault();
  });
}

async function main(): Promise<void> {
  dropSharedStorage();
  await guardOrphan();
  const writer = new Writer();
  installConsole((_stream, text) => writer.output(`${text}\n`));
  installGlobals();
  // A literal import: it is read with the program itself, so it needs no right.
  const { MODES } = await import("./modes/mod.ts");
  const runtime = newRuntime(writer, MODES);
  watchErrors(runtime);
  let hello: Hello | null = null;
  for await (const line of lines()) {
    if (hello === null) {
      hello = helloOf(line);
      writer.setNonce(hello.nonce);
      watchParent(hello.parent_pid);
      runtime.receive(hello);
    } else runtime.receive(frameOf(line));
  }
  captured.exit(0);
}

if (import.meta.main) {
  try {
    await main();
  } catch (error) {
    captured.write(captured.encode(`${error instanceof Error ? error.message : String(error)}\n`));
    captured.exit(EXIT_BAD_HOST);
  }
}
