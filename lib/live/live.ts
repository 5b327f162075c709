// The live side of one instance, wired: hub, feeds, connections, presence behind the doors that routes call.
import type { UserPrincipal } from "../model/principal.ts";
import type { Holdfast } from "../service/holdfast.ts";
import type { Clock } from "../service/ports.ts";
import { Connections } from "./connections.ts";
import { CredentialWatch } from "./credentials.ts";
import { type DoorDeps, openDoor } from "./door.ts";
import { generalTalk } from "./door_general.ts";
import { runTalk } from "./door_run.ts";
import type { Followed, LiveDoors } from "./doors.ts";
import { createFeeds } from "./feeds.ts";
import type { LiveHub } from "./hub.ts";
import { Presence } from "./presence.ts";
import { LogStream } from "./stream.ts";

/** What the live side is made of. `hub` is the one that the service publishes to. */
export interface LiveOptions {
  holdfast: Holdfast;
  hub: LiveHub;
  clock: Clock;
  max_connections: number;
  /** Deno.upgradeWebSocket unless a test brings sockets of its own. */
  upgrade?: DoorDeps["upgrade"];
}
/** The live side: its doors, and its end. */
export interface Live extends LiveDoors {
  /** Ends all connections with 1001 and takes their rows away. */
  drain(): Promise<void>;
}

/** Wires the live side. */
export function createLive(options: LiveOptions): Live {
  const { holdfast, hub, clock } = options;
  const connections = new Connections({
    max: options.max_connections,
    instance: holdfast.health.instance,
    clock,
    rows: holdfast.connections,
    draining: () => holdfast.health.draining(),
  });
  const deps: DoorDeps = {
    holdfast,
    hub,
    clock,
    connections,
    credentials: new CredentialWatch(holdfast.accounts, clock),
    log: holdfast.log,
    feeds: createFeeds({ query: holdfast.query, hub, clock }),
    presence: new Presence(clock),
    upgrade: options.upgrade ?? ((request, upgrade) => Deno.upgradeWebSocket(request, upgrade)),
  };
  return {
    general: (request, caller) => openDoor(request, caller, { deps, talk: generalTalk(deps) }),
    run: (request, caller, run_id) => openDoor(request, caller, { deps, talk: runTalk(deps, run_id) }),
    follow: (principal, session_id, from) => follow(deps, { principal, session_id, ...from }),
    metrics: () => metrics(connections),
    async drain() {
      await connections.drain();
      deps.credentials.close();
    },
  };
}

interface Following {
  principal: UserPrincipal;
  session_id: string;
  after: number;
  ended: AbortController;
}

/** A stream of a session that counts as a connection. Throws AppError full, draining. */
function follow(deps: DoorDeps, { principal, ...from }: Following): AsyncIterable<Followed> {
  const { connections } = deps;
  connections.admit();
  const id = deps.holdfast.ids.uuid();
  const { hub, log, clock } = deps;
  // A stream that is too slow is never stuck: unlike a socket, its response can be broken off.
  let unwatch = () => {};
  const left = () => {
    unwatch();
    connections.leave(id, false);
  };
  const stream = new LogStream({ ...from, hub, log, clock, left });
  connections.add({
    id,
    user: principal.id,
    session_id: () => from.session_id,
    beat: () => stream.beat(),
    goingAway: () => stream.end(),
  });
  unwatch = deps.credentials.add(principal.credential, () => stream.cut());
  if (from.ended.signal.aborted) left();
  return stream;
}

function metrics(connections: Connections): string {
  const { open, stuck, dropped } = connections.counts;
  return [
    "# HELP holdfast_live_connections Open live connections of this instance.",
    "# TYPE holdfast_live_connections gauge",
    `holdfast_live_connections ${open}`,
    "# HELP holdfast_live_stuck Readers that were dropped and whose TCP connection still stands.",
    "# TYPE holdfast_live_stuck gauge",
    `holdfast_live_stuck ${stuck}`,
    "# HELP holdfast_live_dropped_total Readers that were dropped because they read too slowly.",
    "# TYPE holdfast_live_dropped_total counter",
    `holdfast_live_dropped_total ${dropped}`,
    "",
  ].join("\n");
}
