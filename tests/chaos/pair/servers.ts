// Two servers on one store: each with a data folder of its own, both behind one address.
//
//   PS1. Whoever asks is sent to those that live, in turn; a request that broke goes to the next one.
//   PS2. A server that stands still is left to itself: new connections go to the other one.
import { openSharedStore, type SharedStore } from "../../e2e/support/denokv.ts";
import type { Target } from "../asking.ts";
import { Host } from "../host.ts";
import type { Memory } from "../memory.ts";
import { signal } from "../processes.ts";
import type { Wire } from "../wire.ts";
import type { Which } from "./plan.ts";

/** Times that whoever looks after a server starts it. */
const STARTS = 5;

/** Two servers and their store. */
export class Servers implements AsyncDisposable {
  readonly store: SharedStore;
  readonly hosts: readonly [Host, Host];
  /** Whichever lives, in turn. */
  readonly target: Target;
  readonly #wire: Wire;
  readonly #memory: Memory;
  readonly #env: Record<string, string>;
  readonly #instances: [string, string] = ["", ""];
  readonly #lapses: [number, number] = [0, 0];
  #turn = 0;

  private constructor(parts: ServersParts, store: SharedStore, hosts: [Host, Host]) {
    this.store = store;
    this.hosts = hosts;
    this.#wire = parts.wire;
    this.#memory = parts.memory;
    this.#env = parts.env;
    const next = () => this.#next();
    this.target = {
      get url() {
        return next();
      },
      token: hosts[0].target.token,
    };
  }

  /** Starts the store and makes the data folders. */
  static async open(program: string, parts: ServersParts): Promise<Servers> {
    const store = await openSharedStore(program);
    Deno.env.set("DENO_KV_ACCESS_TOKEN", store.env["DENO_KV_ACCESS_TOKEN"] ?? "");
    const of = { memory: parts.memory, wire: parts.wire, env: { ...store.env } };
    return new Servers(parts, store, [await Host.open(of), await Host.open(of)]);
  }

  /** Both live. */
  get whole(): boolean {
    return this.hosts.every((host) => host.alive && !host.frozen);
  }

  /** Starts one, again while the store does not answer in time; a start that fails otherwise is a breach. */
  async start(which: Which): Promise<void> {
    const host = this.hosts[which];
    this.countLapses();
    this.#lapses[which] = 0;
    await Deno.writeTextFile(faultsOf(host), "");
    const env = { ...this.#env, HOLDFAST_FAULT: `@${faultsOf(host)}` };
    let died = await host.start(env, () => {});
    for (let tries = 1; tries < STARTS && died?.output.includes("Cannot reach the store") === true; tries++) {
      died = await host.start(env, () => {});
    }
    if (died !== null) return this.#memory.breach("start", died.output.slice(-3000));
    this.#instances[which] = await idOf(host);
  }

  /** The id of the process that lives or lived last. */
  instanceOf(which: Which): string {
    return this.#instances[which];
  }

  /** Arms a server that serves: its faults count from now. */
  async arm(which: Which, fault: string): Promise<void> {
    const host = this.hosts[which];
    await Deno.writeTextFile(faultsOf(host), fault);
    if (host.pid !== null) signal(host.pid, "SIGUSR2");
  }

  /** Counts the losses of servers that could not beat in time and gave up what they executed: on a busy machine too. */
  countLapses(): void {
    for (const which of [0, 1] as const) {
      const told = this.hosts[which].output.split("beat.lost").length - 1;
      for (; this.#lapses[which] < told; this.#lapses[which]++) this.#memory.lost();
    }
  }

  /** Stops a server where it is: whoever was connected to it finds another one. */
  freeze(which: Which): void {
    const host = this.hosts[which];
    if (host.pid === null || host.port === null) return;
    host.frozen = true;
    signal(host.pid, "SIGSTOP");
    this.#wire.targets.delete(host.port);
    this.#wire.cut(host.port);
  }

  /** Lets it go on. */
  thaw(which: Which): void {
    const host = this.hosts[which];
    if (host.pid !== null) signal(host.pid, "SIGCONT");
    host.frozen = false;
    if (host.alive && host.port !== null) this.#wire.targets.add(host.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const host of this.hosts) await host.dispose();
    await this.store[Symbol.asyncDispose]();
  }

  #next(): string | null {
    const living = this.hosts.filter((host) => host.alive && !host.frozen);
    return living[this.#turn++ % living.length]?.target.url ?? null;
  }
}

/** What servers need. */
export interface ServersParts {
  readonly memory: Memory;
  readonly wire: Wire;
  /** Settings of every life. */
  readonly env: Record<string, string>;
}

/** A file beside its data folder: what stands there is armed. */
const faultsOf = (host: Host) => `${host.data}/faults`;

/** The id by which leases name a server that lives: each socket is told it first. */
async function idOf({ target: { url, token } }: Host): Promise<string> {
  const socket = new WebSocket(`${(url ?? "").replace("http", "ws")}/ws`, ["holdfast.v1", `bearer.${token}`]);
  const told = Promise.withResolvers<string>();
  socket.onmessage = ({ data }) => {
    const id = /"server_instance":"([\w-]+)"/.exec(`${data}`)?.[1];
    if (id !== undefined) told.resolve(id);
  };
  // A server that dies at once has no leases.
  socket.onclose = () => told.resolve("");
  socket.onerror = () => told.resolve("");
  const id = await told.promise;
  socket.close();
  return id;
}
