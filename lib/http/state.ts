// What every route, page and middleware finds in ctx.state, put there by attach.ts before Fresh's handlers run.
//
// Owns the types only. lib/http and lib/live do not know each other: the live doors stand here as the interface that
// routes call, and serve.ts puts lib/live behind it.
import type { Logger } from "@logtape/logtape";
import type { UserPrincipal } from "../model/principal.ts";
import type { Holdfast } from "../service/holdfast.ts";

/** What pages and routes may know of the configuration: nothing secret. */
export interface PublicConfig {
  readonly version: string;
  /** `off`: everyone who reaches the port is the administrator (loopback only). */
  readonly auth: "on" | "off";
  /** Who may read /metrics. */
  readonly metrics: "admin" | "open";
  /** The own origin, without a slash at its end. */
  readonly public_url: string;
  /** Which wall stands around sandboxes. */
  readonly isolation: string;
  /** The model in use; `runbook` is the built-in one. */
  readonly model: string;
  readonly instance: string;
}

/** Stored lines of a session's log on their way to one reader, or what happened instead. */
export type Followed =
  /** Lines without newline, in order; the first has `first_seq`, each next one more. */
  | { kind: "lines"; first_seq: number; lines: readonly string[] }
  /** Everything up to `head_seq` has been handed over; live ones follow. */
  | { kind: "caught_up"; head_seq: number }
  /** The cursor is beyond the log: it goes on from `from_seq`. */
  | { kind: "reset"; from_seq: number; reason: string }
  /** The session is gone. */
  | { kind: "gone" };

/** The live doors, wired by serve.ts to lib/live. */
export interface LiveDoors {
  /** Answers an upgrade of /ws. */
  general(request: Request, caller: LiveCaller): Response;
  /** Answers an upgrade of /ws/{run_id}. */
  run(request: Request, caller: LiveCaller, run_id: string): Response;
  /** Follows a session's log after a cursor until `signal` aborts; counts as a connection. Throws AppError full, draining. */
  follow(
    principal: UserPrincipal,
    session_id: string,
    options: { after: number; signal: AbortSignal },
  ): AsyncIterable<Followed>;
  /** Prometheus lines about connections and frames. */
  metrics(): string;
}
/** Who asks for an upgrade: null is a client whose cookie is not valid (upgraded, then closed 1008). */
export interface LiveCaller {
  principal: UserPrincipal | null;
  /** The sub-protocol to answer with, where the client offered it. */
  protocol?: string;
}

/** What every handler finds in ctx.state. */
export interface State {
  holdfast: Holdfast;
  config: PublicConfig;
  /** Who asks, or null without valid credentials. */
  principal: UserPrincipal | null;
  request_id: string;
  /** Logger that carries the request id. */
  log: Logger;
  live: LiveDoors;
}
