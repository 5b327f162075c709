// The server that a drill kills: one of its own with a data folder of its own, or the one of this host by its pid.
//
//   VI1. A server of its own ends with the drill, and its folder goes.
//   VI2. The host's server is started again by whoever supervises it; the drill only waits until it answers.
import { createApi } from "../../client/api.ts";
import type { Surroundings } from "../environment.ts";
import { EXIT, Exit } from "../terminal.ts";

/** A server that can be killed. */
export interface Victim extends AsyncDisposable {
  readonly base: string;
  readonly token: string;
  readonly pid: number;
  /** kill -9. */
  kill(): Promise<void>;
  /** Resolves when a server answers there again. Throws Exit when none does in time. */
  again(): Promise<void>;
}

const ROOT = decodeURIComponent(new URL("../../../", import.meta.url).pathname);
/** The program of a server, as `deno task start` runs it. */
const PROGRAM = `${ROOT}_fresh/holdfast.js`;
const READY_MS = 60_000;
const SUPERVISOR_MS = 300_000;
const LOOK_MS = 5;
/** Settings of the host that a server of its own must not have; an empty value counts as not set. */
const NOT_OURS = [
  "HOLDFAST_KV",
  "HOLDFAST_PUBLIC_URL",
  "HOLDFAST_ORIGINS",
  "HOLDFAST_WORKFLOWS",
  "HOLDFAST_AUTH",
  "OPENAI_BASE_URL",
  "OPENAI_API_KEY",
  "HOLDFAST_MODEL",
  "LOG_FILE",
];

/** Starts a server on a free port of loopback, with its data in a new folder inside `folder` (default: the system's). */
export async function ownServer(folder: string | undefined): Promise<Victim> {
  const built = await Deno.stat(PROGRAM).then(() => true, () => false);
  if (!built) throw new Exit(EXIT.usage, "The server is not built: deno task build");
  const data = await Deno.makeTempDir({ prefix: "holdfast-drill-", ...(folder === undefined ? {} : { dir: folder }) })
    .catch((error: unknown) => {
      const why = error instanceof Error ? error.message : `${error}`;
      throw new Exit(EXIT.usage, `Cannot make a folder for the drill in "${folder ?? "the system's own"}": ${why}`);
    });
  const port = freePort();
  const base = `http://127.0.0.1:${port}`;
  const token = crypto.randomUUID();
  let child = spawn({ data, port, token });
  const victim: Victim = {
    base,
    token,
    get pid() {
      return child.pid;
    },
    async kill() {
      child.kill("SIGKILL");
      await child.status;
    },
    async again() {
      child = spawn({ data, port, token });
      await answering(base, token, { ms: READY_MS, ended: child.status });
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // it has ended by itself
      }
      await child.status;
      await Deno.remove(data, { recursive: true });
    },
  };
  try {
    await answering(base, token, { ms: READY_MS, ended: child.status });
  } catch (error) {
    await victim[Symbol.asyncDispose]();
    throw error;
  }
  return victim;
}

/** The server that these surroundings name, killed by its pid. */
export function hostServer(here: Surroundings, pid: number): Victim {
  const { base, token } = here;
  if (token === undefined) throw new Exit(EXIT.usage, "No token: HOLDFAST_TOKEN=… or deno task cli login");
  return {
    base,
    token,
    pid,
    kill() {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        throw new Exit(EXIT.usage, `Cannot kill process ${pid}: ${error instanceof Error ? error.message : error}`);
      }
      return Promise.resolve();
    },
    again: () => answering(base, token, { ms: SUPERVISOR_MS, ended: new Promise(() => {}) }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function spawn({ data, port, token }: { data: string; port: number; token: string }): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-check", "--quiet", "--allow-all", PROGRAM],
    cwd: ROOT,
    env: {
      ...Object.fromEntries(NOT_OURS.map((name) => [name, ""])),
      HOST: "127.0.0.1",
      PORT: `${port}`,
      HOLDFAST_DATA: data,
      HOLDFAST_TOKEN: token,
      LOG_LEVEL: "error",
    },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
}

/** Waits until a server answers who we are. */
async function answering(
  base: string,
  token: string,
  { ms, ended }: { ms: number; ended: Promise<Deno.CommandStatus> },
): Promise<void> {
  const api = createApi({ base, token });
  let code: number | null = null;
  void ended.then((status) => code = status.code);
  for (const since = performance.now(); performance.now() - since < ms;) {
    if (code !== null) throw new Exit(EXIT.failed, `The server of the drill ended with ${code}`);
    if (await api.me().then(() => true, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  throw new Exit(EXIT.failed, `No server answered at ${base} within ${ms / 1000} s`);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
