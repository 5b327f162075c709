// The browser's runtime in development: the usual one, and a reload when the server was restarted.

export { boot } from "./boot.ts";

const RETRY_MS = 500;
let revision = 0;

function follow(): void {
  const url = new URL("../../../_frsh/alive", import.meta.url);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url);
  socket.addEventListener("message", ({ data }) => {
    const message: unknown = JSON.parse(data);
    const started = typeof message === "object" && message !== null ? Number(Reflect.get(message, "revision")) : 0;
    if (revision !== 0 && started > revision) location.reload();
    revision = started;
  });
  socket.addEventListener("close", () => setTimeout(follow, RETRY_MS));
}

follow();
