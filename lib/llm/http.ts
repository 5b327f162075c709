// One HTTP exchange with a model service: what is not a stream of events becomes a failure that says whether to ask again.
//
//   H1. Errors carry the status and at most 500 characters of what the service said.
//   H2. An answer longer than MAX_BYTES ends the exchange.
//   H3. A redirect is an error: it would take the key to an address that nobody chose.
import * as z from "zod";
import type { Clock } from "../service/ports.ts";
import { FailureError } from "./failure.ts";
import type { Watch } from "./watch.ts";

const MAX_BYTES = 16_000_000;
const MAX_ERROR_BYTES = 16_000;
/** Statuses that may pass by themselves. */
const AGAIN = new Set([408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529]);

const ErrorBody = z.object({
  error: z.union([
    z.string(),
    z.object({
      message: z.string().optional(),
      code: z.union([z.string(), z.number()]).nullish(),
      type: z.string().nullish(),
    }),
  ]),
});

/** Reads at most `limit` bytes of a body as text. */
async function readSome(response: Response, limit: number): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    bytes += chunk.byteLength;
    if (bytes >= limit) break;
  }
  return text + decoder.decode();
}

function parseError(text: string): { message: string; code: string } {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return { message: text.trim(), code: "" };
  }
  const parsed = ErrorBody.safeParse(Array.isArray(body) ? body[0] : body);
  if (!parsed.success) return { message: text.trim(), code: "" };
  const { error } = parsed.data;
  if (typeof error === "string") return { message: error, code: "" };
  return { message: error.message ?? text.trim(), code: String(error.code ?? error.type ?? "") };
}

/** Seconds that the headers ask to wait, or null. */
export function retryAfter(headers: Headers, now: number): number | null {
  const ms = Number(headers.get("retry-after-ms") ?? Number.NaN);
  if (Number.isFinite(ms) && ms >= 0) return ms / 1000;
  const value = headers.get("retry-after")?.trim();
  if (!value) return null;
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value);
  const at = Date.parse(value);
  return Number.isNaN(at) ? null : Math.max(0, (at - now) / 1000);
}

function statusText(status: number): string {
  if (status === 401 || status === 403) return "refused the key";
  if (status === 404) return "does not know this address or model";
  if (status === 429) return "has had too many requests";
  if (status >= 300 && status < 400) return "has moved: set OPENAI_BASE_URL to its new address";
  return status >= 500 ? "has an error of its own" : "refused the request";
}

async function failed(response: Response, now: number): Promise<FailureError> {
  const { status } = response;
  const said = parseError(await readSome(response, MAX_ERROR_BYTES));
  const detail = said.message === "" ? "" : `: ${said.message.slice(0, 500)}`;
  // A used-up account answers 429 as well, and no waiting helps it.
  const again = AGAIN.has(status) && said.code !== "insufficient_quota";
  return new FailureError(
    "http",
    `The model service ${statusText(status)} (${status})${detail}`,
    { status },
    again ? { after_s: retryAfter(response.headers, now) } : null,
  );
}

/** Lets each chunk through as a sign of life, up to the most bytes that an answer may have. */
function counted(body: ReadableStream<Uint8Array<ArrayBuffer>>, watch: Watch): ReadableStream<Uint8Array<ArrayBuffer>> {
  let bytes = 0;
  return body.pipeThrough(
    new TransformStream({
      transform(chunk, controller) {
        watch.touch();
        bytes += chunk.byteLength;
        if (bytes > MAX_BYTES) {
          controller.error(new FailureError("bad_output", `The answer is longer than ${MAX_BYTES / 1_000_000} MB`));
        } else controller.enqueue(chunk);
      },
    }),
  );
}

/** Makes the `fetch` of one exchange under a watch. It gives a stream of events or throws a FailureError. */
export function watchedFetch(watch: Watch, clock: Clock): typeof fetch {
  return async (input, init) => {
    let response: Response;
    try {
      response = await fetch(input, { ...init, signal: watch.signal, redirect: "manual" });
    } catch (error) {
      if (watch.signal.aborted) throw watch.signal.reason;
      throw unreachable(error);
    }
    watch.touch();
    if (!response.ok) throw await failed(response, clock.now());
    const type = response.headers.get("content-type") ?? "";
    if (!response.body || !/event-stream|^$/.test(type)) {
      await response.body?.cancel();
      throw new FailureError(
        "http",
        `Cannot read the answer of the model service: it is ${type || "empty"}, not a stream of events`,
        { status: response.status },
      );
    }
    return new Response(counted(response.body, watch), { status: response.status, headers: response.headers });
  };
}

/** Says that the network failed, before or in the middle of an answer. */
export function unreachable(error: unknown): FailureError {
  const text = error instanceof Error ? error.message : String(error);
  return new FailureError("http", `Cannot reach the model service: ${text.slice(0, 500)}`, { status: null }, {
    after_s: null,
  });
}
