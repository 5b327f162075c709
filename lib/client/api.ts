// The REST client that the browser and the command line share.
//
// Owns: one request, its credentials, its answer checked by the schemas of lib/protocol/rest.ts, its error as
// ClientError. Leaves to its callers: repeating, showing.
//   AC1. Whatever answers or does not, what is thrown is a ClientError: `code` is the server's own, `unreachable` where
//        nothing (or not all of it) came, `bad_answer` where it is not what Holdfast answers.
//   AC2. A name stands in a path as one part of it, whatever characters it has.
import * as z from "zod";
import {
  Approval,
  BulkResult,
  EventsPage,
  FileEntry,
  type HistoryMessage,
  Mode,
  Problem,
  Pulse,
  Run,
  Session,
  SessionDetail,
  Token,
} from "../protocol/rest.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { SessionGrant } from "../model/right.ts";
import { WorkflowProblem } from "../model/workflow.ts";

/** What the server answered instead of what was asked for; `status` is 0 when nothing answered. */
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
const Modes = z.looseObject({ modes: z.array(Mode), total: z.int(), problems: z.array(WorkflowProblem).default([]) });
const Files = z.looseObject({ files: z.array(FileEntry) });
const Me = z.looseObject({ id: z.string(), name: z.string(), admin: z.boolean() });
const Tokens = z.looseObject({ tokens: z.array(Token), total: z.int().nullable(), next_cursor: z.string().nullable() });
const MadeToken = z.looseObject({ ...Token.shape, token: z.string() });
const Suspended = z.looseObject({ success: z.boolean(), session_id: z.string(), message: z.string() });
const Grants = z.looseObject({ grants: z.array(SessionGrant) });
const Queued = z.looseObject({ queued: z.unknown() });
const Check = z.looseObject({ ok: z.boolean(), detail: z.string() });
const Ready = z.looseObject({ status: z.string(), checks: z.record(z.string(), Check) });

/** What a session's list may be filtered by. */
export interface SessionFilter {
  mode?: string;
  status?: string;
  needs_you?: boolean;
  q?: string;
  limit?: number;
  cursor?: string;
}

/** What a new token is made of; what is left out is yourself, the role user, no end. */
export interface WantedToken {
  label: string;
  user?: { id: string; name?: string };
  role?: "admin" | "user";
  expires_in_s?: number;
}

/** Verbs that may be said to many sessions. */
export type BulkAction = "suspend" | "resume" | "cancel" | "delete";

interface Asked {
  method: string;
  path: string;
  body?: Json | Blob;
  key?: string;
  /** A status beside 2xx whose answer is no error. */
  also?: number;
}

const messageOf = (cause: unknown) => cause instanceof Error ? cause.message : `${cause}`;
const unreachable = (base: string, cause: unknown) =>
  new ClientError(0, "unreachable", `Cannot reach ${base}: ${messageOf(cause)}`);

function valueOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The text of an answer; throws ClientError when the line broke in the middle of it. */
async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw unreachable(response.url || "the server", cause);
  }
}

async function problemOf(response: Response): Promise<ClientError> {
  const text = await textOf(response);
  const problem = Problem.safeParse(valueOf(text));
  if (!problem.success) return new ClientError(response.status, "bad_answer", badAnswer(response, text));
  const { code, detail, title } = problem.data;
  return new ClientError(response.status, code, detail || title, problem.data);
}

const badAnswer = (response: Response, text: string) =>
  `The answer is not one of Holdfast: HTTP ${response.status} ${text.trim().slice(0, 200)}`.trim();

function query(values: Record<string, string | number | boolean | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== "") search.set(key, `${value}`);
  }
  return search.size === 0 ? "" : `?${search}`;
}

function headersOf(options: ApiOptions, { key, body }: Asked): Headers {
  const headers = new Headers({ accept: "application/json" });
  if (body !== undefined && !(body instanceof Blob)) headers.set("content-type", "application/json");
  if (key !== undefined) headers.set("idempotency-key", key);
  try {
    if (options.token !== undefined) headers.set("authorization", `Bearer ${options.token}`);
  } catch {
    throw new ClientError(0, "bad_token", "Cannot send the token: it holds characters that no token has");
  }
  return headers;
}

/** Sends one request; throws ClientError. */
async function send(options: ApiOptions, request: Asked): Promise<Response> {
  const { method, path, body } = request;
  const init: RequestInit = { method, headers: headersOf(options, request) };
  if (body !== undefined) init.body = body instanceof Blob ? body : JSON.stringify(body);
  let response: Response;
  try {
    response = await (options.fetch ?? fetch)(new URL(path, options.base), init);
  } catch (cause) {
    throw unreachable(options.base, cause);
  }
  if (!response.ok && response.status !== request.also) throw await problemOf(response);
  return response;
}

/** Reads a JSON answer and checks it. */
async function read<T>(response: Response, schema: z.ZodType<T>): Promise<T> {
  const text = await textOf(response);
  const value = valueOf(text);
  if (value === undefined) throw new ClientError(response.status, "bad_answer", badAnswer(response, text));
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new ClientError(response.status, "bad_answer", `The answer does not fit: ${z.prettifyError(parsed.error)}`);
}

const part = encodeURIComponent;
/** The address of a session's file, without its origin. */
export const filePath = (session_id: string, path: string): string =>
  `/api/sessions/${part(session_id)}/files/${path.split("/").map(part).join("/")}`;

/** The address of all files of a session as one archive. */
export const zipPath = (session_id: string): string => `/api/sessions/${part(session_id)}/files.zip`;

interface Verbs {
  get<T>(path: string, schema: z.ZodType<T>): Promise<T>;
  post<T>(path: string, body: Json, schema: z.ZodType<T>): Promise<T>;
  sent(request: Asked): Promise<void>;
}
const tokenApi = ({ get, post, sent }: Verbs) => ({
  tokens: (page: { limit?: number; cursor?: string } = {}) => get(`/api/tokens${query({ ...page })}`, Tokens),
  /** Makes a token; `token` is its secret, shown here only. */
  makeToken: (body: WantedToken) =>
    post("/api/tokens", { ...body, ...(body.user ? { user: { ...body.user } } : {}) }, MadeToken),
  revokeToken: (id: string) => sent({ method: "DELETE", path: `/api/tokens/${part(id)}` }),
});

/** The REST client. */
export function createApi(options: ApiOptions) {
  const get = async <T>(path: string, schema: z.ZodType<T>, also?: number) =>
    read(await send(options, { method: "GET", path, ...(also === undefined ? {} : { also }) }), schema);
  const post = async <T>(path: string, body: Json, schema: z.ZodType<T>, key?: string) =>
    read(await send(options, { method: "POST", path, body, ...(key === undefined ? {} : { key }) }), schema);
  const sent = async (request: Asked) => void await (await send(options, request)).body?.cancel();
  const session = (id: string) => `/api/sessions/${part(id)}`;
  const run = (id: string) => `/api/runs/${part(id)}`;
  const approval = (id: string) => `/api/approvals/${part(id)}`;
  return {
    me: () => get("/api/me", Me),
    /** What the server says of itself, also when it is not ready. */
    ready: () => get("/api/ready", Ready, 503),
    ...tokenApi({ get, post, sent }),
    modes: () => get("/api/sessions/modes/list", Modes),
    pulse: () => get("/api/pulse", Pulse),
    sessions: (filter: SessionFilter = {}) => get(`/api/sessions${query({ ...filter })}`, Sessions),
    session: (id: string) => get(session(id), SessionDetail),
    createSession: (body: { mode: string; config?: JsonObject; name?: string }, key?: string) =>
      post("/api/sessions", body, Session, key),
    startTask: (body: { task: string; config: JsonObject; run_id?: string; name?: string }, key?: string) =>
      post("/api/tasks", body, Started, key),
    startRun: (id: string, body: { task: string; config?: JsonObject; run_id?: string }) =>
      post(`${session(id)}/runs`, body, Run),
    patchSession: async (id: string, body: { name?: string; pinned?: boolean; version: number }) =>
      read(await send(options, { method: "PATCH", path: session(id), body }), Session),
    /** One verb for many sessions; a result for each. */
    bulk: (body: { ids: string[]; action: BulkAction; now?: boolean }) =>
      post("/api/sessions/bulk", body, z.looseObject({ results: z.array(BulkResult) })),
    suspend: (id: string, now = false) => post(`${session(id)}/suspend`, { now }, Suspended),
    resume: (id: string) => post(`${session(id)}/resume`, {}, Suspended),
    grants: (id: string) => get(`${session(id)}/grants`, Grants),
    takeBack: (id: string, approval_id: string) =>
      sent({ method: "DELETE", path: `${session(id)}/grants/${part(approval_id)}` }),
    deleteSession: (id: string) => sent({ method: "DELETE", path: session(id) }),
    run: (id: string) => get(run(id), Run),
    cancel: (id: string) => post(`${run(id)}/cancel`, {}, z.union([Run, z.looseObject({})])),
    pauseRun: (id: string, now = false) => post(`${run(id)}/pause`, { now }, Run),
    resumeRun: (id: string) => post(`${run(id)}/resume`, {}, Run),
    retry: (id: string, body: { from_step?: string; config?: JsonObject }) => post(`${run(id)}/retry`, body, Run),
    message: (id: string, content: string) => post(`${run(id)}/messages`, { content }, Queued),
    approvals: (filter: { status?: string; session_id?: string; limit?: number; cursor?: string } = {}) =>
      get(`/api/approvals${query({ ...filter })}`, Approvals),
    approval: (id: string) => get(approval(id), Approval),
    resolve: (id: string, body: { resolution: string; feedback?: string; modifications?: Json }) =>
      post(`${approval(id)}/resolve`, body, Approval),
    events: (id: string, page: { after?: number; before?: number; limit?: number; types?: string } = {}) =>
      get(`${session(id)}/events${query({ ...page })}`, EventsPage),
    files: (id: string) => get(`${session(id)}/files`, Files),
    file: (id: string, path: string) => send(options, { method: "GET", path: filePath(id, path) }),
    fileText: async (id: string, path: string) =>
      textOf(await send(options, { method: "GET", path: filePath(id, path) })),
    upload: (id: string, path: string, content: Blob) =>
      sent({ method: "PUT", path: filePath(id, path), body: content }),
    exportSession: (id: string) => send(options, { method: "GET", path: `${session(id)}/export` }),
    filePath,
  };
}
/** The REST client. */
export type Api = ReturnType<typeof createApi>;
/** A message of a conversation, for callers that show it. */
export type { HistoryMessage };
