// Tells pages when the server was started again.
//
// The browser's half is client/dev.ts: it reloads when it meets a newer revision after its connection
// was lost.

import type { Middleware } from "../middleware.ts";

/** Makes the route of the socket whose first message names the time at which the server was started. */
export function reloadSocket<State>(revision: number): Middleware<State> {
  return (ctx) => ctx.upgrade({ open: (socket) => socket.send(JSON.stringify({ type: "initial-state", revision })) });
}
