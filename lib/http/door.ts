// The outermost door: what is checked before Fresh sees a request, and what every answer carries.
//
// Fresh builds a URL, decodes params and looks up methods outside its own error handling, so what would make it throw is
// answered here: a Host that is no host, broken percent-encoding, methods of nobody. Also here, because it holds for
// pages, API and sockets alike: foreign hosts (421), origins of writes (403), CORS, request ids.
//   D1. Whatever is sent gets an answer of ours; an error that nobody took is `internal`, with nothing of it in the answer.
import { getLogger } from "@logtape/logtape";
import { AppError, toAppError } from "../model/error.ts";
import type { Clock, Ids } from "../service/ports.ts";
import { attach } from "./attach.ts";
import { cookieOf } from "./auth.ts";
import type { Origins } from "./origins.ts";
import { withPolicy } from "./page_policy.ts";
import { problem } from "./problem.ts";
import { requestId } from "./request_id.ts";
import type { Services } from "./state.ts";

/** The app behind the door. */
export type AppHandler = (request: Request, info: Deno.ServeHandlerInfo) => Promise<Response>;
/** What the door needs. */
export interface DoorOptions {
  app: AppHandler;
  services: Services;
  origins: Origins;
  ids: Ids;
  clock: Clock;
}

const METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);
const log = getLogger(["holdfast", "http"]);

/** Makes the handler for Deno.serve. */
export function createDoor(options: DoorOptions): AppHandler {
  return async (request, info) => {
    const started = options.clock.monotonic();
    const request_id = requestId(request.headers, options.ids.uuid);
    const response = await answer(request, { ...options, info, request_id });
    finish(response, { request, request_id, origins: options.origins });
    const ms = Math.round(options.clock.monotonic() - started);
    log.debug("http.answered", { request_id, method: request.method, status: response.status, ms });
    return response;
  };
}

interface Entering extends DoorOptions {
  info: Deno.ServeHandlerInfo;
  request_id: string;
}

async function answer(request: Request, entering: Entering): Promise<Response> {
  const { app, services, origins, info, request_id } = entering;
  try {
    checkAddress(request, origins);
    const preflight = answerPreflight(request, origins);
    if (preflight !== null) return preflight;
    checkOrigin(request, { origins, auth: services.config.auth });
    attach(request, { services, request_id });
    return await withPolicy(mutable(await app(request, info)));
  } catch (thrown) {
    const error = toAppError(thrown);
    if (error.code === "internal") log.error("http.failed", { request_id, error: error.cause });
    else log.info("http.refused", { request_id, code: error.code });
    return problem(error, request_id);
  }
}

/** Refuses what cannot be read or is not for this server. Throws AppError. */
function checkAddress(request: Request, origins: Origins): void {
  const host = request.headers.get("host");
  if (host !== null && host !== "" && !origins.isOwnHost(host)) {
    throw new AppError("misdirected", "Cannot answer for this Host: it is not one of this server's");
  }
  const url = URL.parse(request.url);
  // The Host header is checked above; HTTP/2 and an absolute request target name the server in the URL.
  if (url === null) throw new AppError("bad_request", "Cannot read the address of the request");
  if (!origins.isOwnHost(url.host) || url.username !== "") {
    throw new AppError("misdirected", "Cannot answer for this address: it is not one of this server's");
  }
  if (!METHODS.includes(request.method)) {
    throw new AppError("method_not_allowed", "Cannot answer: no such method", { allow: METHODS });
  }
  if (!isDecodable(url.pathname)) {
    throw new AppError("bad_request", "Cannot read the path: its percent-encoding is not UTF-8");
  }
}

function isDecodable(path: string): boolean {
  try {
    decodeURIComponent(path);
    return true;
  } catch {
    return false;
  }
}

/** Answers a CORS preflight of a listed origin; every other OPTIONS goes on to its route. */
function answerPreflight(request: Request, origins: Origins): Response | null {
  const origin = request.headers.get("origin");
  const asked = request.headers.get("access-control-request-method");
  if (request.method !== "OPTIONS" || origin === null || asked === null || !origins.isListed(origin)) return null;
  return new Response(null, {
    status: 204,
    headers: {
      "access-control-allow-methods": METHODS.join(", "),
      "access-control-allow-headers": "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Request-Id",
      "access-control-max-age": "600",
    },
  });
}

/** Rule OR3 of origins.ts. Throws AppError. */
function checkOrigin(request: Request, { origins, auth }: { origins: Origins; auth: "on" | "off" }): void {
  const upgrade = request.headers.get("upgrade") !== null;
  if (SAFE.has(request.method) && !upgrade) return;
  const origin = request.headers.get("origin");
  if (origin !== null && !origins.allows(origin)) {
    throw new AppError("bad_origin", `Cannot accept a write from the origin "${origin.slice(0, 200)}"`);
  }
  if (origin === null && (auth === "off" || cookieOf(request.headers) !== null)) {
    throw new AppError("bad_origin", "Cannot accept a write with a cookie and without an Origin header");
  }
}

/** Headers of a `fetch` result or a redirect cannot be set. */
function mutable(response: Response): Response {
  try {
    response.headers.delete("x-request-id");
    return response;
  } catch {
    return new Response(response.body, response);
  }
}

const EXPOSED = "X-Request-Id, Retry-After, Allow, Content-Disposition";

function finish(
  response: Response,
  { request, request_id, origins }: { request: Request; request_id: string; origins: Origins },
): void {
  const { headers } = response;
  headers.set("x-request-id", request_id);
  if (response.status === 101) return;
  headers.set("x-content-type-options", "nosniff");
  const origin = request.headers.get("origin");
  if (origin === null || !origins.isListed(origin)) return;
  headers.set("access-control-allow-origin", origin);
  headers.set("access-control-allow-credentials", "true");
  headers.set("access-control-expose-headers", EXPOSED);
  headers.append("vary", "Origin");
}
