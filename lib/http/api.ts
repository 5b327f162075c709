// One API route: everything about HTTP that every path of the table shares, so that a route file says only what it does.
//
// Owns: which methods there are (405 with Allow, OPTIONS, HEAD), credentials, path names, query, body, Idempotency-Key,
// errors as problem documents. Leaves to door.ts what is checked before Fresh sees a request; to the service every rule.
//   R1. A route answers every method itself: a method missing on a file route would be a 404 without Allow.
import { createHash } from "node:crypto";
import type { z } from "zod";
import { AppError, toAppError } from "../model/error.ts";
import type { Json } from "../model/json.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { check } from "../protocol/check.ts";
import {
  type ApiPath,
  type Method,
  type MethodsOf,
  type Operation,
  type Operations,
  PARAMS,
  type ParamsOf,
  ROUTES,
} from "../protocol/routes.ts";
import type { ExecuteOptions } from "../service/holdfast.ts";
import { readJsonBody } from "./body.ts";
import { problem } from "./problem.ts";
import type { State } from "./state.ts";

/** JSON and addresses hold no `undefined`: a field is there or it is not. */
type Given<T> = { [K in keyof T]: Exclude<T[K], undefined> };
type Output<S, None> = S extends z.ZodType ? Given<z.output<S>> : None;
type FieldOf<O, K extends string> = O extends { readonly [N in K]: infer V } ? V : undefined;
type WhoOf<O> = FieldOf<O, "who"> extends "everyone" ? UserPrincipal | null : UserPrincipal;
type AnswerOf<O> = FieldOf<O, "answer"> extends z.ZodType ? z.input<FieldOf<O, "answer">> | Response : Response;

/** What a route's function is given. */
export interface Call<P extends string, O> {
  principal: WhoOf<O>;
  params: ParamsOf<P>;
  query: Output<FieldOf<O, "query">, undefined>;
  body: Output<FieldOf<O, "body">, undefined>;
  state: State;
  request: Request;
  /** Idempotency and request id, as the service takes them. */
  options: ExecuteOptions;
}
type OperationOf<P extends ApiPath, M> = M extends keyof (typeof ROUTES)[P] ? (typeof ROUTES)[P][M] : never;
/** The functions of one path: one for each method of the table. */
export type Runs<P extends ApiPath> = {
  [M in MethodsOf<P>]: (
    call: Call<P, OperationOf<P, M>>,
  ) => Promise<AnswerOf<OperationOf<P, M>>> | AnswerOf<OperationOf<P, M>>;
};
/** The part of Fresh's context that a route uses. */
export interface RouteContext {
  req: Request;
  state: State;
}

// What `call` builds is typed by the table through Runs; inside this module it is handled by name only.
// deno-lint-ignore no-explicit-any -- the one place where a typed function is called with what the table promised
type AnyRun = (call: any) => unknown;

/** Makes the handler of one path of the table. */
export function api<P extends ApiPath>(path: P, runs: Runs<P>): (ctx: RouteContext) => Promise<Response> {
  const operations: Operations = ROUTES[path];
  const byMethod = new Map<string, AnyRun>(Object.entries(runs));
  const allow = allowed(operations);
  return async ({ req, state }) => {
    try {
      if (req.method === "OPTIONS") return new Response(null, { status: 204, headers: { allow: allow.join(", ") } });
      const operation = operationOf(operations, req.method === "HEAD" ? "GET" : req.method);
      const run = byMethod.get(req.method === "HEAD" ? "GET" : req.method);
      if (operation === undefined || run === undefined) {
        throw new AppError("method_not_allowed", `Cannot ${req.method} ${path}`, { allow });
      }
      const answer = await run(await readCall({ path, operation, req, state }));
      const response = answer instanceof Response ? answer : toResponse(answer, operation);
      return req.method === "HEAD" ? await withoutBody(response) : response;
    } catch (error) {
      return refuse(error, state);
    }
  };
}

/** Gives up the body, so that a stream behind it ends. */
async function withoutBody(response: Response): Promise<Response> {
  await response.body?.cancel();
  return new Response(null, response);
}

/** Answers with what a command answered: it has the form of the table already, and is kept under the same key. */
export function reply(value: Json, status = 200): Response {
  return Response.json(value, { status, headers: { "cache-control": "no-store" } });
}

/** Answers whatever the table of routes does not know. */
export function unknownPath({ req, state }: RouteContext): Response {
  const { pathname } = new URL(req.url);
  return refuse(new AppError("not_found", `Cannot find ${pathname}: there is no such path`), state);
}

/** The methods of a path as an Allow header names them. */
export function allowed(operations: Operations): string[] {
  const methods = Object.keys(operations);
  return [...methods, ...(methods.includes("GET") ? ["HEAD"] : []), "OPTIONS"];
}

const isMethod = (method: string, operations: Operations): method is Method => Object.hasOwn(operations, method);
const operationOf = (operations: Operations, method: string): Operation | undefined =>
  isMethod(method, operations) ? operations[method] : undefined;

/** Answers an error as a problem document and logs what the operator must know. */
export function refuse(thrown: unknown, state: Pick<State, "request_id" | "log" | "principal">): Response {
  const error = toAppError(thrown);
  const user = state.principal?.id ?? null;
  if (error.code === "internal") state.log.error("http.failed", { user, error: error.cause });
  else if (error.status === 401 || error.status === 403) state.log.info("http.refused", { user, code: error.code });
  return problem(error, state.request_id);
}

interface Arrived {
  path: string;
  operation: Operation;
  req: Request;
  state: State;
}

/** Checks everything about a request that the table names. Throws AppError. */
async function readCall({ path, operation, req, state }: Arrived) {
  const { principal } = state;
  if (operation.who !== "everyone" && principal === null) {
    throw new AppError("unauthenticated", "Cannot answer without valid credentials: send a bearer token or log in");
  }
  if (operation.who === "admin" && !principal?.admin) {
    throw new AppError("forbidden", `Cannot read ${path}: it is for administrators`);
  }
  const url = new URL(req.url);
  const params = pathParams(path, url.pathname);
  const query = operation.query && check(operation.query, queryOf(url), "query");
  const schema = operation.body === "file" ? undefined : operation.body;
  const body = schema && await checkBody(schema, req);
  const options: ExecuteOptions = { request_id: state.request_id };
  const key = operation.idempotent ? req.headers.get("idempotency-key") : null;
  if (key !== null) {
    options.idempotency = {
      key: idempotencyKey(key),
      scope: `${req.method} ${url.pathname}`,
      body_digest: createHash("sha256").update(JSON.stringify(body ?? null)).digest("hex"),
    };
  }
  return { principal, params, query, body, state, request: req, options };
}

/** No body at all is an object without fields. */
async function checkBody(schema: z.ZodType, request: Request): Promise<unknown> {
  const given = await readJsonBody(request);
  return check(schema, given === undefined ? {} : given, "body");
}

function idempotencyKey(key: string): string {
  if (/^[\x20-\x7e]{1,200}$/.test(key)) return key;
  const errors = [{ path: "Idempotency-Key", message: "1-200 printable ASCII characters" }];
  throw new AppError("invalid", "Cannot accept the Idempotency-Key: 1-200 printable ASCII characters", { errors });
}

/** The query as an object; a name given twice is refused, because one of the two would be dropped in silence. */
function queryOf(url: URL): Record<string, string> {
  const values: Record<string, string> = {};
  for (const [name, value] of url.searchParams) {
    if (Object.hasOwn(values, name)) {
      throw new AppError("invalid", `Cannot accept the query: "${name}" is given twice`, {
        errors: [{ path: name, message: "given twice" }],
      });
    }
    values[name] = value;
  }
  return values;
}

/** The values of the names in braces, decoded once. A value of another form names nothing: `not_found`. */
function pathParams(path: string, pathname: string): Record<string, string> {
  const parts = pathname.split("/").filter((part) => part !== "");
  const params: Record<string, string> = {};
  for (const [at, part] of path.split("/").filter((part) => part !== "").entries()) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    if (name === undefined) continue;
    const value = (name === "path" ? parts.slice(at) : parts.slice(at, at + 1)).map(decode).join("/");
    params[name] = value;
    if (!isParam(name) || !PARAMS[name].safeParse(value).success) {
      throw new AppError("not_found", `Cannot find ${pathname}: "${value.slice(0, 100)}" is no ${words(name)}`);
    }
  }
  return params;
}
function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (cause) {
    throw new AppError("bad_request", "Cannot read the path: its percent-encoding is not UTF-8", { cause });
  }
}
const isParam = (name: string): name is keyof typeof PARAMS => Object.hasOwn(PARAMS, name);
const words = (name: string) => name.replaceAll("_", " ");

function toResponse(answer: unknown, operation: Operation): Response {
  const headers = { "cache-control": "no-store" };
  return operation.answer === null
    ? new Response(null, { status: operation.status, headers })
    : Response.json(answer, { status: operation.status, headers });
}
