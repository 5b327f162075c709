// Upgrades to WebSockets: what is checked before a live door may answer.
//
//   U1. A client without valid credentials gets 401; one whose cookie is not valid any more is upgraded and closed 1008,
//       because a browser cannot read the status of a refused upgrade.
import { AppError } from "../model/error.ts";
import type { LiveCaller } from "../live/doors.ts";
import { refuse, type RouteContext } from "./api.ts";
import { cookieOf, PROTOCOL, protocolsOf } from "./auth.ts";
import type { State } from "./state.ts";

const ALLOW = ["GET"];

/** Makes the handler of a live door. */
export function upgradeTo(
  door: (request: Request, caller: LiveCaller, state: State) => Response,
): (ctx: RouteContext) => Response {
  return ({ req, state }) => {
    try {
      checkUpgrade(req);
      if (state.principal === null && cookieOf(req.headers) === null) {
        throw new AppError("unauthenticated", "Cannot open the live connection without valid credentials");
      }
      const offered = protocolsOf(req.headers).includes(PROTOCOL);
      return door(req, { principal: state.principal, ...(offered ? { protocol: PROTOCOL } : {}) }, state);
    } catch (error) {
      return refuse(error, state);
    }
  };
}

/** Refuses what Deno.upgradeWebSocket would throw on. Throws AppError. */
function checkUpgrade({ method, headers }: Request): void {
  if (method !== "GET") throw new AppError("method_not_allowed", `Cannot ${method} a live door`, { allow: ALLOW });
  const has = (name: string, token: string) =>
    (headers.get(name) ?? "").toLowerCase().split(",").some((one) => one.trim() === token);
  const complete = has("upgrade", "websocket") && has("connection", "upgrade") && headers.has("sec-websocket-key") &&
    headers.get("sec-websocket-version") === "13";
  if (!complete) throw new AppError("bad_request", "Cannot open the live connection: this is no WebSocket upgrade");
}
