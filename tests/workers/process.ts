// main.ts as a process, with the workflows of fixtures/modes.ts in the place of the built-in ones.
import { assert } from "@std/assert";
import { type ChildFrame, type HostFrame, MAX_FRAME_BYTES, type RunStart } from "../../lib/protocol/sandbox.ts";
import type { OwnSource } from "../../lib/model/workflow.ts";
import { type Piece, Splitter } from "../../lib/sandbox/splitter.ts";

const ROOT = new URL("../../", import.meta.url);
export const NONCE = "nonce-of-this-start-22";

/** An import map that puts the fixtures in the place of the built-in modes. */
async function importMap(): Promise<string> {
  const config: { imports: Record<string, string> } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const fixtures = new URL("tests/workers/fixtures/modes.ts", ROOT).href;
  const imports = { zod: config.imports["zod"], [new URL("workers/modes/mod.ts", ROOT).href]: fixtures };
  const path = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(path, JSON.stringify({ imports }));
  return path;
}

/** A sandbox process and the lines that it wrote. */
export class SandboxProcess implements AsyncDisposable {
  readonly frames: ChildFrame[] = [];
  readonly raw: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;
  readonly #map: string;
  #news: () => void = () => {};

  private constructor(map: string) {
    this.#map = map;
    const modes = ["--import-map", map];
    this.#child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--no-check", ...modes, new URL("workers/main.ts", ROOT).pathname],
      cwd: ROOT.pathname,
      env: { NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#child.stdin.getWriter();
    this.#reading = Promise.all([this.#read(), this.#errors()]).then(() => this.#news());
  }

  static async spawn(): Promise<SandboxProcess> {
    return new SandboxProcess(await importMap());
  }

  /** Spawns one, says hello and starts a workflow. */
  static async run(workflow: string, own?: { folder: string; source: OwnSource }): Promise<SandboxProcess> {
    const process = await SandboxProcess.spawn();
    const folder = own === undefined ? {} : { workflows: own.folder };
    process.send({ type: "hello", protocol: 1, nonce: NONCE, parent_pid: Deno.pid, ...folder });
    const run: RunStart = {
      run_id: "r",
      session_id: "s",
      workflow,
      task: "",
      config: {},
      attempt: 1,
      created_ms: Date.UTC(2026, 0, 1),
      history: [],
      memory: {},
      ...(own === undefined ? {} : { own: own.source }),
    };
    process.send({ type: "start", run, scopes: [] });
    process.send({ type: "entries", entries: [], last: true });
    return process;
  }

  /** Reads as the host does. */
  async #read(): Promise<void> {
    const splitter = new Splitter({ nonce: NONCE, max_frame: MAX_FRAME_BYTES });
    for await (const chunk of this.#child.stdout) {
      for (const piece of splitter.push(chunk)) this.#take(piece);
      this.#news();
    }
    for (const piece of splitter.end()) this.#take(piece);
  }

  #take(piece: Piece): void {
    assert(piece.kind !== "too_long", "a frame is too long");
    if (piece.kind === "frame") this.frames.push(JSON.parse(piece.json));
    else if (piece.kind === "lines") this.raw.push(...piece.messages);
    else this.raw.push(piece.message);
  }

  async #errors(): Promise<void> {
    for await (const text of this.#child.stderr.pipeThrough(new TextDecoderStream())) this.raw.push(`stderr: ${text}`);
  }

  send(frame: HostFrame | string): void {
    const line = typeof frame === "string" ? frame : JSON.stringify(frame);
    this.#stdin.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  /** Waits for a frame of a type. */
  async frame<T extends ChildFrame["type"]>(type: T): Promise<Extract<ChildFrame, { type: T }>> {
    let ended = false;
    this.#reading.then(() => ended = true);
    for (;;) {
      const found = this.frames.find((frame): frame is Extract<ChildFrame, { type: T }> => frame.type === type);
      if (found !== undefined) return found;
      assert(!ended, `no ${type}; it wrote ${JSON.stringify([...this.frames, ...this.raw]).slice(0, 2000)}`);
      await new Promise<void>((resolve) => this.#news = resolve);
    }
  }

  /** Commits that a leaf begins, and settles it with what the step came to. */
  async step(key: string): Promise<void> {
    const begin = await this.frame("begin");
    this.send({ type: "began", key, attempt: 1, at_ms: 0 });
    const { result } = await this.frame("end");
    assert(result.ok, JSON.stringify(result));
    const at = "2026-01-01T00:00:01.000Z";
    const { scope, name, pos, kind, digest } = begin;
    const entry = { key, scope, name, pos, kind, digest, attempt: 1, at, failures: [], status: "done" as const };
    this.send({ type: "settle", entry: { ...entry, n: 1, value: result.value } });
  }

  closeStdin(): Promise<void> {
    return this.#stdin.close();
  }

  /** Exit code, when all that it wrote is read. */
  async exit(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#reading;
    return code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close().catch(() => {});
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It is gone already.
    }
    await this.exit();
    await Deno.remove(this.#map);
  }
}
