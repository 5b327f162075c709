// What both doors share: the upgrade, a place among the connections, a connection with its talk.
import { getLogger } from "@logtape/logtape";
import { toAppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { Holdfast } from "../service/holdfast.ts";
import { Connection, ENDINGS, type Socket, type Talk } from "./connection.ts";
import type { Connections } from "./connections.ts";
import type { CredentialWatch } from "./credentials.ts";
import type { LiveCaller } from "./doors.ts";
import type { Feeds } from "./feeds.ts";
import type { FollowDeps } from "./follow.ts";
import { connectionFrame } from "./frames.ts";
import { errorFrame } from "./messages.ts";

const log = getLogger(["holdfast", "live"]);
/** Seconds without a sign of life until a peer is pinged and then given up. */
const IDLE_S = 60;

/** What the doors need of this instance. */
export interface DoorDeps extends FollowDeps {
  holdfast: Holdfast;
  feeds: Feeds;
  connections: Connections;
  credentials: CredentialWatch;
  /** Deno.upgradeWebSocket, or a socket of a test. */
  upgrade(request: Request, options: Deno.UpgradeWebSocketOptions): { socket: Socket; response: Response };
}

/** The talk of a door, with what the list of connections asks of it. */
export interface DoorTalk extends Talk {
  session_id(): string | null;
  beat(): void;
}
/** Makes a door's talk over a connection. */
export type MakeTalk = (connection: Connection, principal: UserPrincipal) => DoorTalk;

/** Upgrades a request and gives the connection to a door. Throws AppError full, draining. */
export function openDoor(
  request: Request,
  caller: LiveCaller,
  { deps, talk: makeTalk }: { deps: DoorDeps; talk: MakeTalk },
): Response {
  const { connections, clock, holdfast } = deps;
  connections.admit();
  const { socket, response } = deps.upgrade(request, {
    idleTimeout: IDLE_S,
    ...(caller.protocol === undefined ? {} : { protocol: caller.protocol }),
  });
  const { principal } = caller;
  let unwatch = () => {};
  const connection = new Connection({
    id: holdfast.ids.uuid(),
    socket,
    clock,
    ...(principal === null ? { refuse: ENDINGS.notAllowed } : {}),
    left: (stuck) => {
      unwatch();
      connections.leave(connection.id, stuck);
    },
    closed: (stuck) => stuck && connections.unstuck(),
  });
  if (principal === null) return response;
  const talk = makeTalk(connection, principal);
  connection.talk(talk);
  connections.add({
    id: connection.id,
    user: principal.id,
    session_id: () => talk.session_id(),
    beat: () => talk.beat(),
    goingAway: () => connection.end(ENDINGS.goingAway),
  });
  unwatch = deps.credentials.add(principal.credential, () => connection.end(ENDINGS.loggedOut));
  return response;
}

/** The first frame of a connection. */
export function greet(connection: Connection, { holdfast, clock }: DoorDeps): void {
  const { instance: server_instance, version } = holdfast.health;
  const data = { connection_id: connection.id, server_instance, version };
  connection.send(connectionFrame("connected", { data, now: clock.now() }));
}

/** Answers an error of a message: the socket stays. */
export function answerError(
  thrown: unknown,
  { connection, deps, topic }: { connection: Connection; deps: DoorDeps; topic?: string },
): void {
  const error = toAppError(thrown);
  if (error.code === "internal") log.error("live.failed", { connection: connection.id, error: error.details.cause });
  connection.send(errorFrame(error, { topic, now: deps.clock.now() }));
}
