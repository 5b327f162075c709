// The page's one line to the server: a live client that all islands of the page share.
//
// Made by the first island that asks for it in the browser; importing makes nothing.
import { signal } from "@preact/signals";
import { type LineState, LiveClient } from "./live.ts";

/** State of the page's line, for every island that shows it. */
export const lineState = signal<LineState>({ state: "connecting" });
/** When the line was last live, milliseconds since the epoch; null before the first time. */
export const lastLive = signal<number | null>(null);

let line: LiveClient | null = null;

/** The page's live client; connects when it is asked for the first time. */
export function pageLine(): LiveClient {
  if (line !== null) return line;
  const url = new URL("/ws", location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const made = new LiveClient({
    url: url.href,
    onState: (state) => {
      if (lineState.peek().state === "live") lastLive.value = Date.now();
      lineState.value = state;
    },
  });
  line = made;
  globalThis.addEventListener("online", () => made.wake());
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible" && lineState.peek().state === "offline") made.wake();
  });
  made.connect();
  return made;
}
