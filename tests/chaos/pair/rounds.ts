// One round of a pair carried out: the loss, the takeover by the other server, the return of the one that was lost.
//
//   PR1. The server that was killed is started again at once, while the other one takes over.
//   PR2. A server that stood still ends the blocks that it had when it goes on: they are another's by then.
import type { Chance } from "../chance.ts";
import type { Crowd } from "../crowd.ts";
import type { Host } from "../host.ts";
import { carryOut } from "../kills.ts";
import type { Memory } from "../memory.ts";
import { faultOf, needOf, type Round } from "../plan.ts";
import { below, isBlock, signal, untilGone } from "../processes.ts";
import type { Wire } from "../wire.ts";
import type { PairPhase, PairRound, Which } from "./plan.ts";
import type { Servers } from "./servers.ts";
import { leasedBy, takenOver } from "./takeovers.ts";

const ENDED_MS = 3_000;
const BEGIN_MS = 20_000;

/** What rounds need. */
export interface RoundParts {
  readonly servers: Servers;
  readonly memory: Memory;
  readonly wire: Wire;
  readonly crowd: Crowd;
}
/** What a round came to. */
export interface PairLoss {
  readonly kind: Round["kind"] | "freeze" | "store";
  readonly phase: PairPhase | "in a migration";
  readonly named: boolean;
  /** Milliseconds until each run that was taken over went on. */
  readonly taken_ms: readonly number[];
}

/** Carries out one round; at its end both servers serve. */
export function carryOutPair(parts: RoundParts, round: PairRound, of: Chance): Promise<PairLoss> {
  switch (round.what) {
    case "kill":
      return killRound(parts, round, of);
    case "freeze":
      return freezeRound(parts, round, of);
    case "away":
      return awayRound(parts, round, of);
  }
}

const otherOf = (which: Which): Which => which === 0 ? 1 : 0;
const rest = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function killRound(
  parts: RoundParts,
  { victim, round }: Extract<PairRound, { what: "kill" }>,
  of: Chance,
): Promise<PairLoss> {
  const { servers, memory, wire, crowd } = parts;
  const host = servers.hosts[victim];
  const need = needOf(round);
  const returns: Return[] = [];
  await servers.arm(victim, faultOf([round]));
  if (need === "lease") returns.push(await lose(parts, otherOf(victim), of.fork("first")));
  const press = () => crowd.press(need === "lease" ? "runs" : need, of);
  const lost = watchEnd(host);
  const { kind, phase, named } = await carryOut(
    { host, wire, memory, press, takes_over: true },
    round,
    of.fork("kill"),
  );
  if (kind === "server") returns.push(await back(parts, { victim, lost_at: lost.at ?? Date.now() }));
  else await servers.arm(victim, "");
  const times = (await Promise.all(returns.map(({ taken }) => taken))).flat();
  await bothServe(parts);
  return { kind, phase, named, taken_ms: times };
}

/** A server that was lost comes back: settles when it is, with the times of the takeovers. */
interface Return {
  readonly taken: Promise<number[]>;
}

/** Kills a server that executes something, so that the other one has something to take over. */
async function lose(parts: RoundParts, victim: Which, of: Chance): Promise<Return> {
  const { servers, memory, crowd } = parts;
  const instance = servers.instanceOf(victim);
  for (const since = performance.now(); performance.now() - since < BEGIN_MS; await rest(50)) {
    crowd.press("long runs", of);
    if ((await leasedBy(servers.store.url, instance)).size > 0) break;
  }
  const lost_at = Date.now();
  await servers.hosts[victim].kill();
  memory.lost();
  await servers.hosts[victim].noOrphans();
  return await back(parts, { victim, lost_at });
}

/** A server is gone: it is started again, while its runs are taken over. */
async function back(parts: RoundParts, of: { victim: Which; lost_at: number }): Promise<Return> {
  const { servers, memory } = parts;
  const { url } = servers.store;
  const instance = servers.instanceOf(of.victim);
  const leased = () => leasedBy(url, instance);
  const sessions = await leased();
  const starting = servers.start(of.victim);
  const alive = () => servers.hosts[otherOf(of.victim)].alive;
  const taken = takenOver(memory, { sessions, lost_at: of.lost_at, alive, leased });
  return { taken: starting.then(() => taken) };
}

async function freezeRound(
  parts: RoundParts,
  { victim, ms }: Extract<PairRound, { what: "freeze" }>,
  of: Chance,
): Promise<PairLoss> {
  const { servers, memory, crowd } = parts;
  const host = servers.hosts[victim];
  const instance = servers.instanceOf(victim);
  for (const since = performance.now(); performance.now() - since < BEGIN_MS; await rest(50)) {
    crowd.press("long runs", of);
    if ((await leasedBy(servers.store.url, instance)).size > 0) break;
  }
  const lost_at = Date.now();
  servers.freeze(victim);
  memory.lost();
  const { pid } = host;
  const blocks = pid === null ? [] : below(pid).filter((one) => isBlock(one.pid));
  const { url } = servers.store;
  const leased = () => leasedBy(url, instance);
  const taking = takenOver(memory, { sessions: await leased(), lost_at, alive: () => true, leased });
  await rest(ms);
  servers.thaw(victim);
  const left = await untilGone(() => blocks, ENDED_MS);
  if (left.length > 0) memory.breach("frozen", `${left.length} processes of blocks outlived the lease of their server`);
  const taken_ms = await taking;
  await bothServe(parts);
  return { kind: "freeze", phase: "server stands still", named: true, taken_ms };
}

async function awayRound(
  parts: RoundParts,
  { killed, ms }: Extract<PairRound, { what: "away" }>,
  of: Chance,
): Promise<PairLoss> {
  const { servers: { store }, memory, crowd } = parts;
  for (const since = performance.now(); performance.now() - since < of.between(300, 2_000); await rest(50)) {
    crowd.press("long runs", of);
  }
  if (killed) await store.kill();
  else signal(store.pid, "SIGSTOP");
  // Both end what they executed: it begins again.
  memory.lost();
  await rest(ms);
  if (killed) await store.restart();
  else signal(store.pid, "SIGCONT");
  await bothServe(parts);
  return { kind: "store", phase: killed ? "store killed" : "store stands still", named: true, taken_ms: [] };
}

const SERVE_MS = 60_000;

/** Waits until both servers are ready. */
async function bothServe({ servers, memory }: RoundParts): Promise<void> {
  for (const [which, host] of servers.hosts.entries()) {
    let told = "not alive";
    const since = performance.now();
    for (;;) {
      const { url } = host.target;
      if (host.alive && url !== null) {
        const response = await fetch(`${url}/api/ready`, { signal: AbortSignal.timeout(10_000) }).catch(String);
        told = typeof response === "string" ? response : await response.text();
        if (typeof response !== "string" && response.status === 200) break;
      }
      if (performance.now() - since > SERVE_MS) {
        memory.breach(`server ${which}`, `was not at rest and ready after ${SERVE_MS} ms: ${told.slice(0, 300)}`);
        break;
      }
      await rest(100);
    }
  }
}

/** When the server that lives has ended. */
function watchEnd(host: Host): { at: number | null } {
  const watched: { at: number | null } = { at: null };
  void host.ended.then(() => watched.at = Date.now());
  return watched;
}
