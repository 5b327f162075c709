// Both WebSocket doors as a test reads them: the stored lines, cut out of their frames byte for byte.
import type { Reached } from "./api.ts";

const DEADLINE_MS = 30_000;

function open(
  server: Reached,
  path: string,
  first: unknown,
  onText: (text: string) => boolean,
  onClose?: (code: number) => void,
) {
  const url = new URL(path, server.url);
  url.protocol = "ws:";
  const socket = new WebSocket(url, ["holdfast.v1", `bearer.${server.token}`]);
  const end = Promise.withResolvers<void>();
  const timer = setTimeout(() => end.reject(new Error(`nothing came in time at ${path}`)), DEADLINE_MS);
  socket.onopen = () => socket.send(JSON.stringify(first));
  socket.onmessage = (message) => onText(`${message.data}`) && end.resolve();
  socket.onclose = (event) => {
    onClose?.(event.code);
    end.resolve();
  };
  return end.promise.finally(async () => {
    clearTimeout(timer);
    if (socket.readyState === WebSocket.CLOSED) return;
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close();
    await closed;
  });
}

/** Lines of a session through the general door, until `enough` says so. */
export async function socketLines(
  server: Reached,
  session_id: string,
  enough: (line: string) => boolean,
  options: { batch?: boolean } = {},
): Promise<string[]> {
  const got: string[] = [];
  const topic = `session:${session_id}`;
  const head = `{"topic":"${topic}",`;
  await open(server, "/ws", { type: "subscribe", topic, after: 0, ...options }, (text) => {
    if (!text.startsWith(head)) return false;
    const rest = text.slice(head.length);
    const fresh = rest.startsWith(`"batch":[`)
      ? cut(rest.slice(`"batch":[`.length, -2))
      : rest.startsWith(`"seq":`)
      ? [`{${rest}`]
      : [];
    got.push(...fresh);
    return fresh.some(enough);
  });
  return got;
}

/** Lines of a run's session through MARS's door; with `closeCode` the close code is the last one. */
export async function runDoor(
  server: Reached,
  run_id: string,
  enough: (line: string) => boolean,
  options: { closeCode?: boolean } = {},
): Promise<string[]> {
  const got: string[] = [];
  await open(server, `/ws/${run_id}`, { type: "attach", after: 0 }, (text) => {
    if (!text.startsWith(`{"seq":`)) return false;
    got.push(text);
    return enough(text);
  }, (code) => options.closeCode && got.push(`close ${code}`));
  return got;
}

/** Cuts joined JSON objects apart without changing a byte. */
function cut(joined: string): string[] {
  const out: string[] = [];
  let depth = 0, from = 0, quoted = false;
  for (let i = 0; i < joined.length; i++) {
    const c = joined[i];
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{" && depth++ === 0) from = i;
    else if (c === "}" && --depth === 0) out.push(joined.slice(from, i + 1));
  }
  return out;
}
