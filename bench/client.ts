// What the benchmarks say to a server: plain fetch and one WebSocket, so that no client of ours is measured.
import type { TestServer } from "../tests/support/server.ts";

/** Sends JSON and reads JSON; throws on any refusal. */
export async function call<T>(server: TestServer, method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
  return JSON.parse(text) as T;
}

/** An event as the benchmarks read it. */
export interface Seen {
  seq: number;
  event_type: string;
  run_id: string | null;
  data: Record<string, unknown>;
}

/** Starts a task; gives its ids. */
export const startTask = (server: TestServer, task: string, mode = "one-shot") =>
  call<{ session_id: string; run_id: string }>(server, "POST", "/api/tasks", { task, config: { mode } });

/** Follows a session over the general door in batches until `done` says so; closes the socket. */
export async function follow(server: TestServer, session_id: string, done: (event: Seen) => boolean): Promise<void> {
  const url = new URL("/ws", server.url);
  url.protocol = "ws:";
  const socket = new WebSocket(url, ["holdfast.v1", `bearer.${server.token}`]);
  const end = Promise.withResolvers<void>();
  socket.onopen = () =>
    socket.send(JSON.stringify({ type: "subscribe", topic: `session:${session_id}`, after: 0, batch: true }));
  socket.onerror = () => end.reject(new Error("the socket failed"));
  socket.onmessage = (message) => {
    const frame: Seen & { batch?: Seen[] } = JSON.parse(message.data);
    const events = frame.batch ?? (typeof frame.seq === "number" ? [frame] : []);
    if (events.some(done)) end.resolve();
  };
  const timer = setTimeout(() => end.reject(new Error("nothing came within 60 s")), 60_000);
  try {
    await end.promise;
  } finally {
    clearTimeout(timer);
    socket.onclose = null;
    socket.close();
  }
}
