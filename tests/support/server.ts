// A real server for a test: the built one as a process of its own on port 0 (or a given one), with a data folder of its own.
//
//   TS1. It ends with the test: `close` drains it, `kill` is kill -9; both wait until the process is gone.
//   TS2. A folder that the test gave stays (a restart on the same data); one that was made here is removed.
//   TS3. It is built from the sources as they are: an old build is made anew before the first start.
import { isStale } from "../../dev.ts";
import { keepTemplates, seedTemplates } from "./templates.ts";
import { removeFolder } from "./remove_folder.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const READY_MS = 30_000;

/** A server that runs. */
export interface TestServer {
  readonly url: string;
  readonly port: number;
  readonly token: string;
  /** Pid of the server's own process. */
  readonly pid: number;
  readonly data: string;
  readonly login_link: string;
  /** Milliseconds from the exec of the process to its banner, as seen from here. */
  readonly ready_ms: number;
  /** Where the time of its start went, milliseconds since the process began; empty unless it logs JSON. */
  readonly phases: Readonly<Record<string, number>>;
  /** Settles when the process is gone, however it ended; its exit code. */
  readonly ended: Promise<number>;
  /** What it wrote so far. */
  output(): string;
  /** SIGTERM; gives the exit code. */
  close(): Promise<number>;
  /** kill -9. */
  kill(): Promise<void>;
}
/** How it is started. */
export interface StartOptions {
  env?: Record<string, string>;
  /** Data folder; it is made and removed where none is given. */
  data?: string;
  port?: number;
}

/** Everything: the watchdog reads /proc, which Deno gives only to a process that has every right. */
const PERMISSIONS = ["--allow-all"];
/** The program of a server, as `deno task start` runs it. */
export const PROGRAM = `${ROOT}_fresh/holdfast.js`;
const BANNER = /on (http:\/\/\S+)\s+pid (\d+)[\s\S]*?: (http:\/\/\S+\/login\/link\?code=\S+)/;
const JSON_BANNER = /^\{"message":"process\.ready".*\}$/m;

/** What a server says of itself when it serves. */
type Banner = Pick<TestServer, "url" | "pid" | "login_link" | "phases">;

function bannerOf(output: string): Banner | null {
  const json = JSON_BANNER.exec(output)?.[0];
  if (json !== undefined) return JSON.parse(json) as Banner;
  const match = BANNER.exec(output);
  if (match === null) return null;
  return { url: match[1] ?? "", pid: Number(match[2]), login_link: match[3] ?? "", phases: {} };
}

function spawn(options: StartOptions, data: string): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--quiet", ...PERMISSIONS, PROGRAM],
    cwd: ROOT,
    clearEnv: true,
    env: {
      PATH: Deno.env.get("PATH") ?? "",
      HOME: Deno.env.get("HOME") ?? "",
      ...(Deno.env.get("DENO_DIR") === undefined ? {} : { DENO_DIR: Deno.env.get("DENO_DIR") ?? "" }),
      NO_COLOR: "1",
      PORT: `${options.port ?? 0}`,
      HOLDFAST_DATA: data,
      // A test that ends waits for no step; those about drains say their own.
      HOLDFAST_DRAIN: "10",
      ...options.env,
    },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

let built: Promise<void> | null = null;

/** Builds the server when a source is newer than the last build. */
export function ensureBuilt(): Promise<void> {
  return built ??= (async () => {
    if (!isStale()) return;
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "build"],
      cwd: ROOT,
      stdout: "null",
      stderr: "piped",
    }).output();
    if (!success) throw new Error(`the build failed:\n${new TextDecoder().decode(stderr)}`);
  })();
}

/** Starts a server and waits until it serves; throws with its output when it ends before. */
export async function startServer(options: StartOptions = {}): Promise<TestServer> {
  await ensureBuilt();
  const data = options.data ?? await Deno.makeTempDir({ prefix: "holdfast-test-" });
  if (options.data === undefined) await seedTemplates(data);
  const started = performance.now();
  const child = spawn(options, data);
  let output = "";
  const ready = Promise.withResolvers<Banner>();
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      output += text;
      const banner = bannerOf(output);
      if (banner !== null) ready.resolve(banner);
    }
  };
  const reading = Promise.all([read(child.stdout), read(child.stderr)]);
  const ended = child.status.then(async (status) => {
    await reading;
    ready.reject(new Error(`the server ended with ${status.code}:\n${output}`));
    return status.code;
  });
  const timer = setTimeout(() => ready.reject(new Error(`the server is not ready:\n${output}`)), READY_MS);
  const banner = await ready.promise.finally(() => clearTimeout(timer));
  const ready_ms = performance.now() - started;
  const over = async () => {
    const code = await ended;
    if (options.data === undefined) {
      await keepTemplates(data);
      await removeFolder(data);
    }
    return code;
  };
  const signal = (name: Deno.Signal) => {
    try {
      child.kill(name);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  };
  return {
    ...banner,
    port: Number(new URL(banner.url).port),
    token: options.env?.["HOLDFAST_TOKEN"] ?? (await Deno.readTextFile(`${data}/cli-token`)).trim(),
    data,
    ready_ms,
    ended,
    output: () => output,
    close: () => {
      signal("SIGTERM");
      return over();
    },
    kill: async () => {
      signal("SIGKILL");
      await over();
    },
  };
}
