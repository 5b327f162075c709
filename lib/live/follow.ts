// A session on one socket: its lines as frames, who else watches, and the head now and then.
//
// Owns how a subscription's lines look on a door: under a topic or as stored lines, one frame each or in batches.
import { getLogger } from "@logtape/logtape";
import { toAppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { LiveLog } from "../service/holdfast.ts";
import type { Clock } from "../service/ports.ts";
import type { Connection } from "./connection.ts";
import type { Flush } from "./flush.ts";
import { connectionFrame, type FrameType } from "./frames.ts";
import type { LiveHub } from "./hub.ts";
import { errorFrame } from "./messages.ts";
import type { Presence } from "./presence.ts";
import { Subscription } from "./subscription.ts";

const log = getLogger(["holdfast", "live"]);

/** What following needs of this instance. */
export interface FollowDeps {
  hub: LiveHub;
  log: LiveLog;
  presence: Presence;
  clock: Clock;
}
/** Which session, from where, how. */
export interface FollowOptions {
  connection: Connection;
  principal: UserPrincipal;
  session_id: string;
  after: number;
  /** The topic that frames carry; stored lines as they are where it is left out. */
  topic?: string;
  /** One frame a flush; only under a topic. */
  batch: boolean;
  /** The session was deleted. */
  gone(): void;
}
/** A session that a socket follows. */
export interface SessionFollow {
  readonly session_id: string;
  /** Sends the heartbeat, and catches up should a wake have been lost. */
  beat(): void;
  close(): void;
}

/** Begins to follow a session. */
export function followSession(deps: FollowDeps, options: FollowOptions): SessionFollow {
  const { connection, principal, session_id, after, topic } = options;
  const frame = (event_type: FrameType, data: object) =>
    connection.send(connectionFrame(event_type, { topic, data, now: deps.clock.now() }));
  const failed = (thrown: unknown) => {
    const error = toAppError(thrown);
    log.warn("live.follow_failed", { session_id, code: error.code, error: error.details.cause });
    connection.send(errorFrame(error, { topic, now: deps.clock.now() }));
    connection.end({ code: error.close, reason: error.code });
  };
  const subscription = new Subscription({
    session_id,
    after,
    ...deps,
    sink: {
      flush: (flush) => framesOf(flush, options).forEach((text) => connection.send(text)),
      caughtUp: (head_seq) => frame("caught_up", { head_seq }),
      reset: (from_seq, reason) => frame("reset", { reason, from_seq }),
      gone: options.gone,
      failed,
      room: () => connection.room(),
    },
  });
  const leave = deps.presence.enter(session_id, principal, (viewers) => frame("presence", { viewers }));
  return {
    session_id,
    beat() {
      frame("heartbeat", { head_seq: subscription.cursor });
      subscription.refresh().catch(failed);
    },
    close() {
      leave();
      subscription.close();
    },
  };
}

function framesOf(flush: Flush, { topic, batch }: FollowOptions): readonly string[] {
  if (topic === undefined) return flush.lines;
  return batch ? [flush.batch(topic)] : flush.single(topic);
}
