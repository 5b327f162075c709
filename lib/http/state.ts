// What every route, page and middleware finds in ctx.state, put there by attach.ts before Fresh's handlers run.
//
// Owns the types only. lib/http and lib/live do not know each other's code: the live doors are an interface, and serve.ts
// puts lib/live behind it.
import type { Logger } from "@logtape/logtape";
import type { LiveDoors } from "../live/doors.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { Holdfast } from "../service/holdfast.ts";
import type { Rate } from "./rate.ts";

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

/** What the whole process has: the same for every request. */
export interface Services {
  readonly holdfast: Holdfast;
  readonly config: PublicConfig;
  readonly live: LiveDoors;
  readonly rate: Rate;
}

/** What every handler finds in ctx.state. */
export interface State extends Services {
  holdfast: Holdfast;
  config: PublicConfig;
  live: LiveDoors;
  rate: Rate;
  /** Who asks, or null without valid credentials. */
  principal: UserPrincipal | null;
  request_id: string;
  /** Logger that carries the request id. */
  log: Logger;
}
