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

/** What is followed: a session, from a cursor on; `reconnect` tries until the server is there. */
interface Following {
  session_id: string;
  after?: number;
  reconnect?: boolean;
}

/** Follows a session over the general door in batches until `done` says so; closes the socket. */
export async function follow(
  server: Pick<TestServer, "url" | "token">,
  { session_id, after = 0, reconnect = false }: Following,
  done: (event: Seen) => boolean,
): Promise<void> {
  const end = Promise.withResolvers<void>();
  const timer = setTimeout(() => end.reject(new Error("nothing came within 60 s")), 60_000);
  let socket: WebSocket;
  const connect = () => {
    const url = new URL("/ws", server.url);
    url.protocol = "ws:";
    socket = new WebSocket(url, ["holdfast.v1", `bearer.${server.token}`]);
    let opened = false;
    socket.onopen = () => {
      opened = true;
      socket.send(JSON.stringify({ type: "subscribe", topic: `session:${session_id}`, after, batch: true }));
    };
    socket.onerror = () => {
      if (reconnect && !opened) setTimeout(connect, 10);
      else end.reject(new Error("the socket failed"));
    };
    socket.onmessage = (message) => {
      const frame: Seen & { batch?: Seen[] } = JSON.parse(message.data);
      const events = frame.batch ?? (typeof frame.seq === "number" ? [frame] : []);
      if (events.some(done)) end.resolve();
    };
  };
  connect();
  try {
    await end.promise;
  } finally {
    clearTimeout(timer);
    socket!.onclose = null;
    socket!.onerror = null;
    socket!.close();
  }
}
