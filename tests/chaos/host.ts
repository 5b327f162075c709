// The server under test, life after life on one data folder: started, killed, started again.
//
//   H1. A life ends by a kill of ours, by a fault point, or by a signal to drain; any other end is a breach.
//   H2. Nobody waits for a server that stands still because of a place that it passed too late.
//   H3. After a life no process of it is left within 2 s.
import { systemClock } from "@/lib/service/system.ts";
import { guardKv, type Kv } from "@/lib/store/kv.ts";
import { FIRST_VERSION, migrate } from "@/lib/store/migrations.ts";
import { startServer, type TestServer } from "../support/server.ts";
import type { Target } from "./asking.ts";
import type { Memory } from "./memory.ts";
import { below, isBlock, isStopped, signal, stoppedChildren, untilGone, workingIn } from "./processes.ts";
import type { Wire } from "./wire.ts";

const TOKEN = "chaos-token-0123456789";
const ORPHANS_MS = 2_000;
const STOP_LOOK_MS = 50;
/** Compiled code that all servers of the harness share: each would make its own, at seconds of both cores. */
const TEMPLATES = new URL("../../.cache/chaos-templates", import.meta.url).pathname;

/** How a life ended before it was ready. */
export interface Died {
  readonly output: string;
}

/** What a host needs. */
export interface HostParts {
  readonly memory: Memory;
  readonly wire: Wire;
  /** Settings of all its lives. */
  readonly env?: Record<string, string>;
}

/** The server under test. */
export class Host {
  readonly data: string;
  readonly target: Target = { url: null, token: TOKEN };
  readonly #memory: Memory;
  readonly #wire: Wire;
  readonly #env: Record<string, string>;
  #server: TestServer | null = null;
  #alive = false;
  /** Somebody waits for the server to stop at a place. Any other stop comes too late for its round: it goes on. */
  stopAwaited = false;
  /** It is kept stopped: nobody lets it go on but who stopped it. */
  frozen = false;
  /** Milliseconds from exec to ready of each life. */
  readonly starts_ms: number[] = [];

  private constructor(data: string, parts: HostParts) {
    this.data = data;
    this.#memory = parts.memory;
    this.#wire = parts.wire;
    this.#env = parts.env ?? {};
  }

  /** Makes a data folder. */
  static async open(parts: HostParts): Promise<Host> {
    const data = await Deno.makeTempDir({ prefix: "holdfast-chaos-" });
    await Deno.mkdir(TEMPLATES, { recursive: true });
    await Deno.mkdir(`${data}/cache`);
    await Deno.symlink(TEMPLATES, `${data}/cache/templates`);
    return new Host(data, parts);
  }

  /** Whether a server lives and has not ended by itself. */
  get alive(): boolean {
    return this.#alive;
  }
  /** Pid of the server that lives, or null. */
  get pid(): number | null {
    return this.#alive ? this.#server?.pid ?? null : null;
  }
  /** Port of the last server, or null. */
  get port(): number | null {
    return this.#server?.port ?? null;
  }
  /** What the last server wrote. */
  get output(): string {
    return this.#server?.output() ?? "";
  }
  /** Settles when the server that lives is gone. */
  get ended(): Promise<unknown> {
    return this.#server?.ended ?? Promise.resolve();
  }

  /** Starts the next life; gives how it ended when it died before it was ready. `stopped`: it stopped before it was ready. */
  async start(env: Record<string, string>, stopped: (pid: number) => void): Promise<Died | null> {
    // Its banner names the public URL, which is the network's.
    const port = freePort();
    const look = setInterval(() => stoppedChildren().forEach(stopped), STOP_LOOK_MS);
    const own = { HOLDFAST_PUBLIC_URL: this.#wire.url, HOLDFAST_TOKEN: TOKEN, ...this.#env };
    try {
      this.#server = await startServer({ data: this.data, port, env: { ...own, ...env } });
    } catch (error) {
      return { output: String(error) };
    } finally {
      clearInterval(look);
    }
    const server = this.#server;
    this.#alive = true;
    this.starts_ms.push(server.ready_ms);
    const care = setInterval(() => {
      if (!this.stopAwaited && !this.frozen && isStopped(server.pid)) signal(server.pid, "SIGCONT");
    }, STOP_LOOK_MS);
    void server.ended.then(() => {
      clearInterval(care);
      if (this.#server === server) this.#dead();
    });
    this.#wire.targets.add(port);
    this.target.url = `http://127.0.0.1:${port}`;
    return null;
  }

  #dead(): void {
    this.#alive = false;
    if (this.#server !== null) this.#wire.targets.delete(this.#server.port);
    this.target.url = null;
  }

  /** kill -9 of the server; nothing of it may be left. */
  async kill(): Promise<void> {
    const server = this.#server;
    if (server === null) return;
    signal(server.pid, "SIGKILL");
    await server.ended;
    this.#dead();
  }

  /** Tells processes that are left of a server that is gone. */
  async noOrphans(): Promise<void> {
    const except = this.pid ?? 0;
    const left = await untilGone(() => workingIn(this.data, except), ORPHANS_MS);
    if (left.length > 0) {
      this.#memory.breach(
        "orphans",
        `processes ${left.map((one) => one.pid)} outlived their server`,
      );
    }
    for (const { pid } of left) signal(pid, "SIGKILL");
  }

  /** Tells blocks that still run, or wait to run, though every run has ended. */
  async noBlocks(): Promise<void> {
    const { pid } = this;
    if (pid === null) return;
    const left = await untilGone(() => below(pid).filter((one) => isBlock(one.pid)), ORPHANS_MS);
    if (left.length > 0) this.#memory.breach("blocks", `${left.length} processes of blocks are left after every end`);
  }

  /** SIGTERM: the server drains and ends with 0. */
  async drain(): Promise<void> {
    const server = this.#server;
    if (server === null || !this.#alive) return;
    const code = await server.close();
    this.#dead();
    if (code !== 0) this.#memory.breach("drain", `ended with ${code}: ${server.output().slice(-2000)}`);
  }

  /** Brings the store of a server that is gone back to its first version: the next start has to migrate it. */
  async bringBack(): Promise<void> {
    using raw = await Deno.openKv(`${this.data}/holdfast.kv`);
    const kv = guardKv(raw as unknown as Kv, { clock: systemClock }).kv;
    await migrate(kv, { to: FIRST_VERSION });
  }

  /** Removes everything. */
  async dispose(): Promise<void> {
    await this.kill();
    await this.noOrphans();
    await Deno.remove(this.data, { recursive: true });
  }
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
