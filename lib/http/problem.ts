// Errors as RFC 9457 problem documents: each a row of the error table with its text.
//
// Owns how a row is written for HTTP. Leaves to lib/model/error.ts: which rows there are; to its callers: logging.
//   P1. What is not an AppError is `internal` (toAppError): its text and stack never leave the process.
import { AppError, ERRORS } from "../model/error.ts";

/** Seconds after which a client may try again, where the error does not say. */
const RETRY_AFTER_S = 2;

/** Answers with an error as application/problem+json. */
export function problem(error: AppError, request_id: string): Response {
  const row = ERRORS[error.code];
  const { current, errors, allow, retry_after_s } = error.details;
  const body = {
    type: `urn:holdfast:error:${error.code}`,
    title: row.title,
    status: row.status,
    detail: error.message,
    code: error.code,
    request_id,
    ...(errors === undefined ? {} : { errors }),
    ...(current === undefined ? {} : { current }),
  };
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (row.retryable) headers.set("retry-after", String(Math.max(1, Math.ceil(retry_after_s ?? RETRY_AFTER_S))));
  if (allow !== undefined) headers.set("allow", allow.join(", "));
  if (row.status === 401) headers.set("www-authenticate", 'Bearer realm="holdfast"');
  return new Response(JSON.stringify(body), { status: row.status, headers });
}
