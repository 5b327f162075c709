// Requests that survive kills: what is cut off is sent again, with the same key, to the server that lives then.
//
//   A1. An answer is an answer: 2xx and 4xx are given back. Breaks and 503 are tried again until the deadline.
//   A2. Repeating is safe because of the key: a twin of what had happened gets the first answer.

/** Where requests go; null while no server lives. */
export interface Target {
  url: string | null;
  readonly token: string;
}
/** A request. */
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  /** Idempotency-Key. */
  readonly key?: string;
  readonly headers?: Record<string, string>;
}
/** Its answer. */
export interface Answered {
  readonly status: number;
  readonly text: string;
  readonly json: Record<string, unknown>;
  /** Whether an earlier try was cut off: what it asked for may have happened then. */
  readonly repeated: boolean;
}

const AGAIN_MS = 50;
const DEADLINE_MS = 60_000;
const TRY_MS = 15_000;

/** The harness is over: nothing is sent any more. */
export class Over extends Error {}

/** Sends a request until it is answered. Throws Over when `signal` aborts, an Error at the deadline. */
export async function askUntilAnswered(target: Target, asked: Asked, signal: AbortSignal): Promise<Answered> {
  const since = performance.now();
  let repeated = false;
  let last = "no server";
  while (performance.now() - since < DEADLINE_MS) {
    if (signal.aborted) throw new Over();
    const { url } = target;
    if (url !== null) {
      const answer = await askOnce(url, target.token, asked).catch((error: unknown) => String(error));
      if (typeof answer !== "string" && answer.status < 500) return { ...answer, repeated };
      last = typeof answer === "string" ? answer : `${answer.status} ${answer.text}`;
      if (typeof answer !== "string" && answer.status !== 503) {
        throw new Error(`${asked.method} ${asked.path}: ${last}`);
      }
      repeated = true;
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw new Error(`${asked.method} ${asked.path} was not answered in ${DEADLINE_MS} ms: ${last}`);
}

/** Sends a request once. Throws what fetch throws. */
export async function askOnce(url: string, token: string, asked: Asked): Promise<Omit<Answered, "repeated">> {
  const { method, path, body, key, headers } = asked;
  const response = await fetch(new URL(path, url), {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...(key === undefined ? {} : { "idempotency-key": key }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(TRY_MS),
  });
  const text = await response.text();
  return { status: response.status, text, json: text.startsWith("{") ? JSON.parse(text) : {} };
}
