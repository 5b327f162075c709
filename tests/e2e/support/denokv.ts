// A real KV Connect server for tests, where there is one: `denokv` on the PATH, or the program named by
// HOLDFAST_TEST_DENOKV. Nothing of the project needs it; tests that do are left out without it, and say so.
import { startServer, type TestServer } from "../../support/server.ts";
import { removeFolder } from "../../support/remove_folder.ts";

/** What the test command says where there is none. */
export const WITHOUT_DENOKV = "two servers on one store (no denokv on the PATH; cargo install denokv --locked)";

/** The program, or null. */
export async function findDenokv(): Promise<string | null> {
  const named = Deno.env.get("HOLDFAST_TEST_DENOKV");
  if (named !== undefined && named !== "") return named;
  const found = await new Deno.Command("/bin/sh", { args: ["-c", "command -v denokv"], stdout: "piped" }).output();
  const path = new TextDecoder().decode(found.stdout).trim();
  return found.success && path !== "" ? path : null;
}

/** A store that several servers share. */
export interface SharedStore extends AsyncDisposable {
  /** Its address, and the settings that lead a server to it. */
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  /** Pid of the process that lives. */
  readonly pid: number;
  /** Starts a server on it, with a data folder of its own. */
  server(env?: Record<string, string>): Promise<TestServer>;
  /** kill -9 of the store. */
  kill(): Promise<void>;
  /** Starts it again on the same file and address. */
  restart(): Promise<void>;
}

const ACCESS = "a-token-of-these-tests";
const TOKEN = "administrator-of-these-tests";

/** Starts a store on a free port of loopback. */
export async function openSharedStore(program: string): Promise<SharedStore> {
  const folder = await Deno.makeTempDir({ prefix: "holdfast-denokv-" });
  const port = freePort();
  const address = `127.0.0.1:${port}`;
  let child = await run(program, { folder, address });
  const kill = async () => {
    try {
      child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
  };
  const url = `http://${address}`;
  const own = { HOLDFAST_KV: url, DENO_KV_ACCESS_TOKEN: ACCESS };
  return {
    url,
    env: own,
    get pid() {
      return child.pid;
    },
    server: (env = {}) => startServer({ env: { ...own, HOLDFAST_TOKEN: TOKEN, ...env } }),
    kill,
    async restart() {
      child = await run(program, { folder, address });
    },
    async [Symbol.asyncDispose]() {
      await kill();
      await removeFolder(folder);
    },
  };
}

/** A port that nobody has now; denokv takes no port 0. */
function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    return listener.addr.port;
  } finally {
    listener.close();
  }
}

async function run(program: string, of: { folder: string; address: string }): Promise<Deno.ChildProcess> {
  const child = new Deno.Command(program, {
    args: ["--sqlite-path", `${of.folder}/store.sqlite`, "serve", "--addr", of.address, "--access-token", ACCESS],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const deadline = performance.now() + 20_000;
  for (;;) {
    try {
      const [hostname = "", port] = of.address.split(":");
      (await Deno.connect({ hostname, port: Number(port) })).close();
      return child;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
