// The table of the REST interface: every path, its methods, what each takes and answers.
//
// One table for the routes themselves (lib/http/api.ts), the OpenAPI document and the tests that walk all paths. A path
// that is not here does not exist under /api. Leaves to lib/protocol/rest.ts the shapes.
import * as z from "zod";
import { ApprovalId, Digest, RunId, SessionId } from "../model/ids.ts";
import { JsonObject } from "../model/json.ts";
import { UserRef } from "../model/principal.ts";
import { SessionGrant } from "../model/right.ts";
import { RunStatus } from "../model/run.ts";
import { WorkflowProblem } from "../model/workflow.ts";
import * as rest from "./rest.ts";

/** Methods that operations may have; HEAD and OPTIONS are answered from these. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One method of one path. */
export interface Operation {
  readonly summary: string;
  /** Who may ask; `user` (anyone with valid credentials) where it is left out. */
  readonly who?: "everyone" | "admin";
  readonly query?: z.ZodType;
  /** Schema of the JSON body; `file` is raw bytes. */
  readonly body?: z.ZodType | "file";
  /** Status of a success. */
  readonly status: number;
  /** Schema of the JSON answer, or its media type where it is not JSON; null is an answer without a body. */
  readonly answer: z.ZodType | string | null;
  /** Takes an Idempotency-Key. */
  readonly idempotent?: true;
}
/** The methods of one path. */
export type Operations = { readonly [M in Method]?: Operation };

/** Form of each name in braces. */
export const PARAMS = {
  session_id: SessionId,
  run_id: RunId,
  approval_id: ApprovalId,
  digest: Digest,
  token_id: z.string().regex(/^[A-Za-z0-9-]{1,36}$/),
  /** The rest of the path, slashes too. */
  path: z.string().max(1000).regex(/^[^\0]+$/),
} as const;

const page = { total: z.int().nullable(), next_cursor: z.string().nullable() };
const Runs = z.strictObject({ runs: z.array(rest.Run), ...page });
const Success = z.strictObject({ success: z.boolean(), session_id: SessionId, message: z.string() });
const Grants = z.strictObject({ grants: z.array(SessionGrant) });
const Check = z.strictObject({ ok: z.boolean(), detail: z.string() });
const Ready = z.strictObject({
  status: z.enum(["ready", "not_ready"]),
  checks: z.record(z.string(), Check),
  isolation: z.string(),
});
const Me = z.strictObject({ ...UserRef.shape, admin: z.boolean(), auth: z.enum(["on", "off"]) });
const Started = z.strictObject({ task_id: RunId, run_id: RunId, session_id: SessionId, status: RunStatus });
const History = z.strictObject({
  session_id: SessionId,
  total_messages: z.int(),
  messages: z.array(rest.HistoryMessage),
});
const Connection = z.strictObject({
  connection_id: z.string(),
  connected_at: z.string(),
  last_heartbeat: z.string(),
  server_instance: z.string(),
  session_id: z.string().nullable(),
  user: z.string(),
});
const Queued = z.looseObject({ queued: z.union([z.boolean(), z.int()]) });

const open = {
  "/api/health": {
    GET: {
      summary: "Whether the process lives",
      who: "everyone",
      status: 200,
      answer: z.strictObject({ status: z.literal("ok"), version: z.string(), uptime_s: z.number() }),
    },
  },
  "/api/ready": {
    GET: {
      summary: "Whether it can work: 200 or 503, each check exercised",
      who: "everyone",
      status: 200,
      answer: Ready,
    },
  },
  "/api/openapi.json": {
    GET: { summary: "This interface as OpenAPI 3.1", who: "everyone", status: 200, answer: JsonObject },
  },
  "/api/docs": { GET: { summary: "This interface as a page", who: "everyone", status: 200, answer: "text/html" } },
  "/api/me": { GET: { summary: "Who am I", status: 200, answer: Me } },
  "/api/tokens": {
    GET: {
      summary: "Tokens: your own, for administrators all; never their secrets",
      query: rest.ListTokens,
      status: 200,
      answer: z.strictObject({ tokens: z.array(rest.Token), ...page }),
    },
    POST: {
      summary: "Make a token; its secret is in this answer and nowhere else",
      body: rest.MakeToken,
      status: 201,
      answer: z.strictObject({ ...rest.Token.shape, token: z.string() }),
    },
  },
  "/api/tokens/{token_id}": {
    DELETE: { summary: "Revoke it: its logins, sockets and streams end at once", status: 204, answer: null },
  },
  "/api/pulse": { GET: { summary: "Counts over what you may see", status: 200, answer: rest.Pulse } },
  "/api/connections": {
    GET: {
      summary: "Live connections of all instances",
      who: "admin",
      status: 200,
      answer: z.strictObject({ connections: z.array(Connection), total: z.int() }),
    },
  },
} as const satisfies Record<string, Operations>;

const sessions = {
  "/api/sessions/modes/list": {
    GET: {
      summary: "Modes with the schema of their config and what they will be allowed to do",
      status: 200,
      answer: z.strictObject({
        modes: z.array(rest.Mode),
        total: z.int(),
        /** Files of the folder of own workflows that are no mode; empty for who is no administrator. */
        problems: z.array(WorkflowProblem),
      }),
    },
  },
  "/api/sessions": {
    GET: {
      summary: "Sessions, pinned first, then newest updated_at",
      query: rest.ListSessions,
      status: 200,
      answer: z.strictObject({ sessions: z.array(rest.Session), ...page }),
    },
    POST: { summary: "Make a session", body: rest.CreateSession, status: 201, answer: rest.Session, idempotent: true },
  },
  "/api/sessions/bulk": {
    POST: {
      summary: "Suspend, resume, cancel or delete up to 200 sessions; repeating is harmless, each has its result",
      body: rest.Bulk,
      status: 200,
      answer: z.strictObject({ results: z.array(rest.BulkResult) }),
    },
  },
  "/api/sessions/{session_id}": {
    GET: { summary: "A session with everything its page shows", status: 200, answer: rest.SessionDetail },
    PATCH: {
      summary: "Rename or pin; 409 if version is not the current one",
      body: rest.PatchSession,
      status: 200,
      answer: rest.Session,
    },
    DELETE: { summary: "Delete it with everything of it", status: 204, answer: null },
  },
  "/api/sessions/{session_id}/history": {
    GET: { summary: "The last messages", query: rest.ListHistory, status: 200, answer: History },
  },
  "/api/sessions/{session_id}/suspend": {
    POST: {
      summary: "Pause its run and take no new ones",
      body: rest.Now,
      status: 200,
      answer: Success,
      idempotent: true,
    },
  },
  "/api/sessions/{session_id}/resume": {
    POST: {
      summary: "Go on after suspend or expiry",
      body: rest.Empty,
      status: 200,
      answer: Success,
      idempotent: true,
    },
  },
  "/api/sessions/{session_id}/grants": {
    GET: { summary: "Standing answers: what is not asked again in this session", status: 200, answer: Grants },
  },
  "/api/sessions/{session_id}/grants/{approval_id}": {
    DELETE: {
      summary: "Take a standing answer back: the next effect asks again; repeating is harmless",
      status: 204,
      answer: null,
    },
  },
  "/api/sessions/{session_id}/runs": {
    GET: { summary: "Its runs, newest first", query: rest.ListSessionRuns, status: 200, answer: Runs },
    POST: { summary: "Start a run", body: rest.StartRun, status: 202, answer: rest.Run, idempotent: true },
  },
  "/api/sessions/{session_id}/events": {
    GET: {
      summary: "Its log after or before a seq; with Accept: text/event-stream as a live stream",
      query: rest.ListEvents,
      status: 200,
      answer: rest.EventsPage,
    },
  },
  "/api/sessions/{session_id}/files": {
    GET: { summary: "Its files", status: 200, answer: z.strictObject({ files: z.array(rest.FileEntry) }) },
  },
  "/api/sessions/{session_id}/files/{path}": {
    GET: { summary: "One file", status: 200, answer: "application/octet-stream" },
    PUT: { summary: "Upload an input file, at most 50 MiB", body: "file", status: 201, answer: rest.FileEntry },
  },
  "/api/sessions/{session_id}/files.zip": {
    GET: { summary: "All its files as one ZIP", status: 200, answer: "application/zip" },
  },
  "/api/sessions/{session_id}/blobs/{digest}": {
    GET: { summary: "A large value", status: 200, answer: "application/octet-stream" },
  },
  "/api/sessions/{session_id}/export": {
    GET: { summary: "The session as NDJSON", status: 200, answer: "application/x-ndjson" },
  },
} as const satisfies Record<string, Operations>;

const runs = {
  "/api/tasks": {
    POST: {
      summary: "Start a task: session and run in one commit",
      body: rest.StartTask,
      status: 202,
      answer: Started,
      idempotent: true,
    },
  },
  "/api/runs": {
    GET: { summary: "Runs of all sessions in a time", query: rest.ListRuns, status: 200, answer: Runs },
  },
  "/api/runs/{run_id}": { GET: { summary: "A run", status: 200, answer: rest.Run } },
  "/api/runs/{run_id}/cancel": {
    POST: {
      summary: "Cancel it; repeating is harmless",
      body: rest.Empty,
      status: 200,
      answer: rest.Run,
      idempotent: true,
    },
  },
  "/api/runs/{run_id}/pause": {
    POST: {
      summary: "No new step begins; with now the attempt is given up",
      body: rest.Now,
      status: 200,
      answer: rest.Run,
      idempotent: true,
    },
  },
  "/api/runs/{run_id}/resume": {
    POST: { summary: "Go on after a pause", body: rest.Empty, status: 200, answer: rest.Run, idempotent: true },
  },
  "/api/runs/{run_id}/retry": {
    POST: {
      summary: "A new run that keeps the finished steps before",
      body: rest.RetryRun,
      status: 202,
      answer: rest.Run,
      idempotent: true,
    },
  },
  "/api/runs/{run_id}/messages": {
    POST: {
      summary: "A message for its next wait",
      body: rest.SendMessage,
      status: 202,
      answer: Queued,
      idempotent: true,
    },
  },
} as const satisfies Record<string, Operations>;

const approvals = {
  "/api/approvals": {
    GET: {
      summary: "Approvals, nearest deadline first",
      query: rest.ListApprovals,
      status: 200,
      answer: z.strictObject({ approvals: z.array(rest.Approval), ...page }),
    },
  },
  "/api/approvals/{approval_id}": { GET: { summary: "An approval", status: 200, answer: rest.Approval } },
  "/api/approvals/{approval_id}/resolve": {
    POST: {
      summary: "Answer it; the same answer again gives the first result",
      body: rest.ResolveApproval,
      status: 200,
      answer: rest.Approval,
      idempotent: true,
    },
  },
} as const satisfies Record<string, Operations>;

/** Every path of the REST interface with its operations. */
export const ROUTES = { ...open, ...sessions, ...runs, ...approvals };
/** A path of the table. */
export type ApiPath = keyof typeof ROUTES;

/** Type of the names in braces of a path. */
export type ParamsOf<P extends string> = P extends `${string}{${infer Name}}${infer Rest}`
  ? { [K in Name]: string } & ParamsOf<Rest>
  : unknown;
/** The methods that a path has. */
export type MethodsOf<P extends ApiPath> = keyof (typeof ROUTES)[P] & Method;
