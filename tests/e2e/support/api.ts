// What the end-to-end tests say to a server: plain fetch, plain sockets, so that no client of ours hides anything.
import { assert } from "@std/assert";

/** A server as its tests reach it. */
export interface Reached {
  readonly url: string;
  readonly token: string;
}
/** An event as a test reads it. */
export interface Seen {
  seq: number;
  event_type: string;
  run_id: string | null;
  data: Record<string, unknown>;
}

/** Sends a request; gives status and parsed JSON (null where there is none). */
export async function send(server: Reached, method: string, path: string, body?: unknown) {
  const response = await fetch(new URL(path, server.url), {
    method,
    headers: {
      authorization: `Bearer ${server.token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = text.startsWith("{") ? JSON.parse(text) as Record<string, unknown> : null;
  return { status: response.status, json, text };
}

/** How often a read is asked again that a busy machine could not answer in time. */
const AGAIN = 10;

/** Sends a request that must succeed; gives its JSON. A read is asked again as long as the server says 503. */
export async function ask(
  server: Reached,
  method: string,
  path: string,
  body?: unknown,
): Promise<Record<string, unknown>> {
  let answer = await send(server, method, path, body);
  for (let again = 0; method === "GET" && answer.status === 503 && again < AGAIN; again++) {
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    answer = await send(server, method, path, body);
  }
  assert(answer.status < 300, `${method} ${path}: ${answer.status} ${answer.text}`);
  return answer.json ?? {};
}

/** Starts a task; gives the ids. */
export async function startTask(server: Reached, task: string, config: Record<string, unknown> = { mode: "one-shot" }) {
  const started = await ask(server, "POST", "/api/tasks", { task, config });
  return { session_id: `${started["session_id"]}`, run_id: `${started["run_id"]}` };
}

/** All stored events of a session. */
export async function allEvents(server: Reached, session_id: string): Promise<Seen[]> {
  const events: Seen[] = [];
  for (let after = 0;;) {
    const page = await ask(server, "GET", `/api/sessions/${session_id}/events?after=${after}&limit=1000`);
    events.push(...page["events"] as Seen[]);
    if (page["next_after"] === after || (page["events"] as Seen[]).length === 0) return events;
    after = Number(page["next_after"]);
  }
}

/** Reads the stored lines of a session over SSE until `enough` says so; gives them with their ids. */
export async function lines(
  server: Reached,
  session_id: string,
  options: { after?: number; enough: (line: string) => boolean; deadline_ms?: number },
): Promise<string[]> {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error("nothing came in time")), options.deadline_ms ?? 30_000);
  const response = await fetch(new URL(`/api/sessions/${session_id}/events?after=${options.after ?? 0}`, server.url), {
    headers: { authorization: `Bearer ${server.token}`, accept: "text/event-stream" },
    signal: abort.signal,
  });
  const got: string[] = [];
  try {
    let rest = "";
    for await (const text of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      rest += text;
      const blocks = rest.split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) {
        const data = block.split("\n").filter((line) => line.startsWith("data: ")).map((line) => line.slice(6)).join(
          "\n",
        );
        // Frames about the connection (caught_up) have no seq and are not stored lines.
        if (!data.startsWith('{"seq":')) continue;
        got.push(data);
        if (options.enough(data)) return got;
      }
    }
    return got;
  } finally {
    clearTimeout(timer);
    abort.abort();
  }
}

/** Waits until a session's log holds an event of a type; gives it. */
export async function until(server: Reached, session_id: string, type: string, after = 0): Promise<Seen> {
  const got = await lines(server, session_id, {
    after,
    enough: (line) => (JSON.parse(line) as Seen).event_type === type,
  });
  return JSON.parse(got.at(-1) ?? "null") as Seen;
}
