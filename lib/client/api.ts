// The REST client that the browser and the command line share.
//
// Owns: one request, its credentials, its answer checked by the schemas of lib/protocol/rest.ts, its error as
// ClientError. Leaves to its callers: repeating, showing.
import { z } from "zod";
import {
  Approval,
  EventsPage,
  FileEntry,
  type HistoryMessage,
  Mode,
  Problem,
  Pulse,
  Run,
  Session,
  SessionDetail,
} from "../protocol/rest.ts";
import type { Json, JsonObject } from "../model/json.ts";

/** What the server answered instead of what was asked for; `code` is `unreachable` when nothing answered. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly problem: Problem | null = null,
  ) {
    super(message);
  }
}

/** Where and as whom. In the browser the cookie goes along by itself and `token` is absent. */
export interface ApiOptions {
  base: string;
  token?: string;
  fetch?: typeof fetch;
}

const Started = z.looseObject({ session_id: z.string(), run_id: z.string(), status: z.string() });
const Sessions = z.looseObject({
  sessions: z.array(Session),
  total: z.int().nullable(),
  next_cursor: z.string().nullable(),
});
const Approvals = z.looseObject({
  approvals: z.array(Approval),
  total: z.int().nullable(),
  next_cursor: z.string().nullable(),
});
const Modes = z.looseObject({ modes: z.array(Mode), total: z.int() });
const Files = z.looseObject({ files: z.array(FileEntry) });
const Me = z.looseObject({ id: z.string(), name: z.string(), admin: z.boolean() });
const Suspended = z.looseObject({ success: z.boolean(), session_id: z.string(), message: z.string() });
const Queued = z.looseObject({ queued: z.unknown() });
const Ready = z.looseObject({ status: z.string(), checks: z.record(z.string(), z.unknown()) });

/** What a session's list may be filtered by. */
export interface SessionFilter {
  mode?: string;
  status?: string;
  needs_you?: boolean;
  q?: string;
  limit?: number;
  cursor?: string;
}

async function problemOf(response: Response): Promise<ClientError> {
  const text = await response.text();
  try {
    const problem = Problem.parse(JSON.parse(text));
    return new ClientError(response.status, problem.code, problem.detail || problem.title, problem);
  } catch {
    return new ClientError(response.status, "bad_answer", text.slice(0, 200) || `HTTP ${response.status}`);
  }
}

function query(values: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") search.set(key, `${value}`);
  }
  return search.size === 0 ? "" : `?${search}`;
}

/** Sends one request; throws ClientError. */
async function send(options: ApiOptions, request: { method: string; path: string; body?: Json | Blob; key?: string }) {
  const headers = new Headers({ accept: "application/json" });
  if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  if (request.key !== undefined) headers.set("idempotency-key", request.key);
  const init: RequestInit = { method: request.method, headers };
  if (request.body instanceof Blob) init.body = request.body;
  else if (request.body !== undefined) {
    headers.set("content-type", "application/json");
    init.body = JSON.stringify(request.body);
  }
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(new URL(request.path, options.base), init);
  } catch (cause) {
    throw new ClientError(
      0,
      "unreachable",
      `Cannot reach ${options.base}: ${cause instanceof Error ? cause.message : cause}`,
    );
  }
  if (!response.ok) throw await problemOf(response);
  return response;
}

/** Reads a JSON answer and checks it. */
async function read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const parsed = schema.safeParse(await response.json());
  if (parsed.success) return parsed.data;
  throw new ClientError(response.status, "bad_answer", `The answer does not fit: ${z.prettifyError(parsed.error)}`);
}

/** The REST client. */
export function createApi(options: ApiOptions) {
  const get = async <T>(path: string, schema: z.ZodType<T>) =>
    read(await send(options, { method: "GET", path }), schema);
  const post = async <T>(path: string, body: Json, schema: z.ZodType<T>, key?: string) =>
    read(await send(options, { method: "POST", path, body, ...(key === undefined ? {} : { key }) }), schema);
  const file = (session_id: string, path: string) =>
    `/api/sessions/${session_id}/files/${path.split("/").map(encodeURIComponent).join("/")}`;
  return {
    me: () => get("/api/me", Me),
    ready: () => get("/api/ready", Ready),
    modes: () => get("/api/sessions/modes/list", Modes),
    pulse: () => get("/api/pulse", Pulse),
    sessions: (filter: SessionFilter = {}) => get(`/api/sessions${query({ ...filter })}`, Sessions),
    session: (id: string) => get(`/api/sessions/${id}`, SessionDetail),
    createSession: (body: { mode: string; config?: JsonObject; name?: string }) => post("/api/sessions", body, Session),
    startTask: (body: { task: string; config: JsonObject; run_id?: string; name?: string }, key?: string) =>
      post("/api/tasks", body, Started, key),
    startRun: (id: string, body: { task: string; config?: JsonObject; run_id?: string }) =>
      post(`/api/sessions/${id}/runs`, body, Run),
    patchSession: async (id: string, body: { name?: string; pinned?: boolean; version: number }) =>
      read(await send(options, { method: "PATCH", path: `/api/sessions/${id}`, body }), Session),
    suspend: (id: string, now = false) => post(`/api/sessions/${id}/suspend`, { now }, Suspended),
    resume: (id: string) => post(`/api/sessions/${id}/resume`, {}, Suspended),
    deleteSession: async (id: string) => {
      const response = await send(options, { method: "DELETE", path: `/api/sessions/${id}` });
      await response.body?.cancel();
    },
    run: (id: string) => get(`/api/runs/${id}`, Run),
    cancel: (id: string) => post(`/api/runs/${id}/cancel`, {}, z.union([Run, z.looseObject({})])),
    pauseRun: (id: string, now = false) => post(`/api/runs/${id}/pause`, { now }, Run),
    resumeRun: (id: string) => post(`/api/runs/${id}/resume`, {}, Run),
    retry: (id: string, body: { from_step?: string; config?: JsonObject }) => post(`/api/runs/${id}/retry`, body, Run),
    message: (id: string, content: string) => post(`/api/runs/${id}/messages`, { content }, Queued),
    approvals: (filter: { status?: string; session_id?: string; limit?: number; cursor?: string } = {}) =>
      get(`/api/approvals${query({ ...filter })}`, Approvals),
    approval: (id: string) => get(`/api/approvals/${id}`, Approval),
    resolve: (id: string, body: { resolution: string; feedback?: string; modifications?: Json }) =>
      post(`/api/approvals/${id}/resolve`, body, Approval),
    events: (id: string, page: { after?: number; before?: number; limit?: number; types?: string } = {}) =>
      get(`/api/sessions/${id}/events${query({ ...page })}`, EventsPage),
    files: (id: string) => get(`/api/sessions/${id}/files`, Files),
    file: (id: string, path: string) => send(options, { method: "GET", path: file(id, path) }),
    upload: async (id: string, path: string, content: Blob) => {
      const response = await send(options, { method: "PUT", path: file(id, path), body: content });
      await response.body?.cancel();
    },
    exportSession: (id: string) => send(options, { method: "GET", path: `/api/sessions/${id}/export` }),
    filePath: file,
  };
}
/** The REST client. */
export type Api = ReturnType<typeof createApi>;
/** A message of a conversation, for callers that show it. */
export type { HistoryMessage };
