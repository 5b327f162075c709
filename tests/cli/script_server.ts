// A real server that answers the command line by a script, and the command line in this process or in one of its own.
import type { Surroundings } from "@/lib/cli/environment.ts";
import { main } from "@/lib/cli/main.ts";
import type { EventEnvelope } from "@/lib/model/event.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import type { Approval } from "@/lib/protocol/rest.ts";
import { sampleDetail, sampleRun, sampleSession, uuid } from "../client/samples.ts";

const ROOT = new URL("../../", import.meta.url);

/** What a command ended with. */
export interface Ended {
  code: number;
  out: string;
  err: string;
}
/** Starts the command line as a process. */
export function spawnCli(args: readonly string[], env: Record<string, string>, stdin: "null" | "piped" = "null") {
  return new Deno.Command(Deno.execPath(), {
    args: [
      ...[
        "run",
        "--quiet",
        "--no-check",
        "--cached-only",
        "--allow-read",
        "--allow-write",
        "--allow-env",
        "--allow-sys",
      ],
      ...["--allow-net=127.0.0.1", "lib/cli/main.ts", ...args],
    ],
    cwd: ROOT,
    env: { NO_COLOR: "1", HOLDFAST_TOKEN: "t".repeat(20), HOLDFAST_DATA: "/nonexistent", ...env },
    stdin,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Runs the command line as a process to its end; `stdin` is empty unless it is given. */
export async function cliProcess(args: readonly string[], env: Record<string, string>, stdin?: string): Promise<Ended> {
  const child = spawnCli(args, env, stdin === undefined ? "null" : "piped");
  if (stdin !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(new TextEncoder().encode(stdin));
    await writer.close();
  }
  const { code, stdout, stderr } = await child.output();
  return { code, out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** Runs the command line in this process, without a terminal; what it writes is caught. One at a time. */
export async function cli(args: readonly string[], { HOLDFAST_URL: base }: { HOLDFAST_URL: string }): Promise<Ended> {
  const here: Surroundings = {
    base,
    token: "t".repeat(20),
    token_from: "HOLDFAST_TOKEN",
    token_file: "/nonexistent/cli-token",
    interactive: false,
    colour: false,
  };
  const out = caught(Deno.stdout), err = caught(Deno.stderr);
  try {
    const code = await main(args, () => Promise.resolve(here));
    return { code, out: out.text(), err: err.text() };
  } finally {
    out.end();
    err.end();
  }
}

function caught(to: { writeSync(bytes: Uint8Array): number }) {
  const { writeSync } = to;
  const decoder = new TextDecoder();
  let text = "";
  to.writeSync = (bytes) => {
    text += decoder.decode(bytes, { stream: true });
    return bytes.length;
  };
  return { text: () => text, end: () => void (to.writeSync = writeSync) };
}

/** One session on a server: its log grows by `say`, its approvals are answered by whoever resolves them. */
export class ScriptServer implements AsyncDisposable {
  readonly session_id = uuid(1);
  readonly asked: string[] = [];
  readonly tokens: (string | null)[] = [];
  readonly approvals = new Map<string, Approval>();
  /** Answers that a test gives in place of the usual ones, by method and path. */
  readonly instead = new Map<string, () => Response>();
  files: JsonObject[] = [];
  /** Told of each answer. */
  answered: (approval_id: string, body: JsonObject) => void = () => {};
  /** Settles when somebody follows the session. */
  get followed(): Promise<void> {
    return this.#followed.promise;
  }
  readonly #followed = Promise.withResolvers<void>();
  readonly #events: EventEnvelope[] = [];
  readonly #sockets = new Set<WebSocket>();
  readonly #server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) => this.#answer(request),
  );

  get env() {
    return { HOLDFAST_URL: `http://127.0.0.1:${this.#server.addr.port}` };
  }

  /** Adds an event to the log; those who follow hear it. */
  say(event_type: string, data: JsonObject, run_id: string | null = "run-1"): void {
    const seq = this.#events.length + 1;
    const timestamp = "2026-11-24T10:00:00.000Z";
    this.#events.push({ seq, event_type, timestamp, run_id, session_id: this.session_id, data });
    for (const socket of this.#sockets) this.#send(socket, seq - 1);
  }

  /** Asks an approval. */
  ask(approval: Approval): void {
    this.approvals.set(approval.approval_id, approval);
    const { approval_id, approval_type, step_id, action } = approval;
    this.say("approval_requested", { approval_id, approval_type, step_id, action });
  }

  /** Tells all who follow that the session was deleted. */
  gone(): void {
    const frame = {
      topic: `session:${this.session_id}`,
      event_type: "error",
      timestamp: "2026-11-24T10:00:00.000Z",
      data: { code: "not_found", message: "It was deleted\x07" },
    };
    for (const socket of this.#sockets) socket.send(JSON.stringify(frame));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.close();
    await this.#server.shutdown();
  }

  #send(socket: WebSocket, after: number): void {
    if (socket.readyState !== WebSocket.OPEN) return;
    const batch = this.#events.slice(after);
    if (batch.length > 0) socket.send(JSON.stringify({ topic: `session:${this.session_id}`, batch }));
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, search } = new URL(request.url);
    if (pathname === "/ws") return this.#upgrade(request);
    const body = await request.text();
    const what = `${request.method} ${pathname}`;
    this.tokens.push(request.headers.get("authorization"));
    this.asked.push(`${what}${search}${body === "" ? "" : ` ${body}`}`);
    const approval = this.#approval(request.method, pathname, body);
    return this.instead.get(what)?.() ?? approval ?? this.#usual(what);
  }

  #approval(method: string, pathname: string, body: string): Response | undefined {
    const [, id = "", resolve] = /^\/api\/approvals\/([^/]+)(\/resolve)?$/.exec(pathname) ?? [];
    const approval = this.approvals.get(id);
    if (approval === undefined || method !== (resolve === undefined ? "GET" : "POST")) return undefined;
    if (resolve === undefined) return Response.json(approval);
    const given = JSON.parse(body);
    const done = { ...approval, status: "resolved" as const, resolution: given.resolution };
    this.approvals.set(id, done);
    this.say("approval_received", { approval_id: id, resolution: given.resolution, resolved_by: null, feedback: null });
    this.answered(id, given);
    return Response.json(done);
  }

  #usual(what: string): Response {
    const s = `/api/sessions/${this.session_id}`;
    const answers: Record<string, unknown> = {
      "POST /api/tasks": { task_id: "run-1", run_id: "run-1", session_id: this.session_id, status: "queued" },
      "POST /api/sessions": sampleSession(),
      [`POST ${s}/runs`]: sampleRun(),
      [`GET ${s}`]: sampleDetail(),
      [`GET ${s}/files`]: { files: this.files },
      "GET /api/sessions": { sessions: [sampleSession()], total: 1, next_cursor: null },
      "GET /api/me": { id: "op", name: "Operator", admin: true, auth: "on" },
      "GET /api/health": { status: "ok", version: "0.1.0", uptime_s: 5 },
      "GET /api/sessions/modes/list": { modes: [], total: 0, problems: [] },
      "GET /api/pulse": { needs_you: 0, running: 0, queued: 0, free_slots: 1, cost_today_usd: 0, by_status: {} },
    };
    if (what.startsWith("PUT ")) return new Response(null, { status: 201 });
    return what in answers ? Response.json(answers[what]) : refusal(404, "not_found");
  }

  #upgrade(request: Request): Response {
    const { socket, response } = Deno.upgradeWebSocket(request, { protocol: "holdfast.v1" });
    this.#sockets.add(socket);
    socket.onclose = () => this.#sockets.delete(socket);
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type !== "subscribe") return;
      this.#send(socket, message.after);
      this.#followed.resolve();
    };
    return response;
  }
}

/** A problem document. */
export function refusal(status: number, code: string, more: JsonObject = {}): Response {
  const body = {
    type: `urn:${code}`,
    title: code,
    status,
    detail: `Refused: ${code}`,
    code,
    request_id: "r-1",
    ...more,
  };
  return Response.json(body, { status, headers: { "content-type": "application/problem+json" } });
}

/** The address of a port at which nobody listens. */
export function closedPort(): { HOLDFAST_URL: string } {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  listener.close();
  return { HOLDFAST_URL: `http://127.0.0.1:${port}` };
}
