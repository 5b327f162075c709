// What HTTP routes may ask of the live side: the doors as an interface, so that lib/http and lib/live stay apart.
import type { UserPrincipal } from "../model/principal.ts";

/** Stored lines of a session's log on their way to one reader, or what happened instead. */
export type Followed =
  /** Lines without newline, in order; the first has `first_seq`, each next one more. */
  | { kind: "lines"; first_seq: number; lines: readonly string[] }
  /** Everything up to `head_seq` has been handed over; live ones follow. */
  | { kind: "caught_up"; head_seq: number }
  /** The cursor was beyond the log: it begins again at `from_seq`. */
  | { kind: "reset"; from_seq: number; reason: string }
  /** The session is gone. */
  | { kind: "gone" };

/** Who asks for an upgrade. */
export interface LiveCaller {
  /** Null is a client whose cookie is not valid: upgraded, then closed 1008, because a browser cannot read a 401. */
  principal: UserPrincipal | null;
  /** The sub-protocol to answer with, where the client offered it. */
  protocol?: string;
}

/** The live doors. */
export interface LiveDoors {
  /** Upgrades a request to /ws. Throws AppError full, draining. */
  general(request: Request, caller: LiveCaller): Response;
  /** Upgrades a request to /ws/{run_id}. Throws AppError full, draining. */
  run(request: Request, caller: LiveCaller, run_id: string): Response;
  /**
   * Follows a session's log after a cursor until `ended` aborts; counts as a connection. Ends when the server goes away;
   * aborts `ended` itself when the reader is too slow. Throws AppError full, draining at once.
   */
  follow(
    principal: UserPrincipal,
    session_id: string,
    options: { after: number; ended: AbortController },
  ): AsyncIterable<Followed>;
  /** Prometheus lines about connections and frames. */
  metrics(): string;
}
