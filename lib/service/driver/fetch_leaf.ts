// One attempt of `fetch`: the host's request for a run, with limits; what comes back is typed, and large bodies are files.
//
//   F1. Nothing is sent to a host that is not open to the leaf; the attempt ends with the wish for it, or `refused`.
//   F2. The body of an answer stands in the result as text when it is text of at most 200,000 bytes; else in a file.
import type { Json } from "../../model/json.ts";
import { targetOf } from "../../model/host_name.ts";
import type { ToolArgs } from "../../protocol/sandbox.ts";
import { sha256 } from "../../store/digest.ts";
import type { Clock, Fetched, Folders, Reach } from "../ports.ts";
import { fetchWish } from "./gate_asks.ts";
import { type Attempt, failureOf, type Outcome } from "./leaf.ts";
import type { Rights } from "./rights.ts";
import { withTimeout } from "./timeout.ts";

type FetchArgs = Extract<ToolArgs, { tool: "fetch" }>;
type Answered = Exclude<Fetched, { wants: string }>;

/** What every fetch of a run shares. */
export interface FetchParts {
  readonly rights: Rights;
  readonly reach: Reach;
  readonly folders: Folders;
  readonly clock: Clock;
}

const MAX_BYTES = 10_000_000;
const MAX_INLINE = 200_000;
/** Seconds, where the call does not say how long. */
const TIMEOUT_S = 30;
/** Names of files for bodies that nobody named. */
const ENDINGS: Readonly<Record<string, string>> = {
  "application/json": "json",
  "text/csv": "csv",
  "text/html": "html",
  "text/plain": "txt",
  "text/markdown": "md",
  "application/xml": "xml",
  "text/xml": "xml",
  "application/pdf": "pdf",
  "application/zip": "zip",
  "image/png": "png",
  "image/jpeg": "jpg",
  "image/svg+xml": "svg",
};

/** Runs one attempt; `call.open` is a yes to exactly this call. Rejects only with the signal's reason. */
export async function runFetch(
  parts: FetchParts,
  call: { args: FetchArgs; open: boolean; timeout_s: number | undefined },
  attempt: Attempt,
): Promise<Outcome> {
  const { args, open } = call;
  const { place, signal } = attempt;
  const first = targetOf(args.url);
  const granted = parts.rights.hostsFor(place.key);
  const allows = (host: string) => granted(host) || (open && typeof first !== "string" && first.what === host);
  const timeout_s = Math.min(attempt.timeout_s, call.timeout_s ?? TIMEOUT_S);
  try {
    const got = await withTimeout(parts.clock, { signal, timeout_s }, (until) =>
      parts.reach.fetch({
        url: args.url,
        method: args.method ?? "GET",
        headers: headersOf(args, `${place.run_id}/${place.key}`),
        body: args.body === undefined ? null : new TextEncoder().encode(args.body),
        max_bytes: MAX_BYTES,
        allows,
      }, until));
    signal.throwIfAborted();
    if ("wants" in got) return wanted(parts, args, got.wants);
    return { ok: true, value: await resultOf(parts.folders, place.session_id, { args, got }) };
  } catch (error) {
    signal.throwIfAborted();
    return { ok: false, failure: failureOf(error) };
  }
}

/** A repeat after a crash is the same request to the outside world: it carries the same key. */
function headersOf(args: FetchArgs, key: string): Record<string, string> {
  const own = Object.fromEntries(
    Object.entries(args.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  return {
    accept: "*/*",
    "user-agent": "Holdfast",
    ...(args.method === "POST" ? { "idempotency-key": key } : {}),
    ...own,
  };
}

function wanted({ reach }: FetchParts, args: FetchArgs, host: string): Outcome {
  const why = reach.mayAskHost(host);
  const text = `Cannot fetch from ${host}: ${why ?? "the session is not granted it"}`;
  const failure = { code: "refused", message: text };
  const first = targetOf(args.url);
  const redirected = typeof first === "string" || first.what !== host;
  return why === null ? { ok: false, failure, wants: fetchWish(args, host, redirected) } : { ok: false, failure };
}

async function resultOf(folders: Folders, session_id: string, of: { args: FetchArgs; got: Answered }): Promise<Json> {
  const { args, got: { status, url, headers, body } } = of;
  const media_type = (headers["content-type"] ?? "application/octet-stream").split(";")[0]?.trim().toLowerCase() ?? "";
  const common = { status, url, headers: shortHeaders(headers), media_type, size_bytes: body.length };
  const text = args.save_as === undefined && body.length <= MAX_INLINE ? asText(body) : null;
  if (text !== null) return { ...common, body: text, file: null };
  const ending = ENDINGS[media_type] ?? "bin";
  const path = args.save_as ?? `fetched/${sha256(body).slice(0, 16)}.${ending}`;
  const info = await folders.write(session_id, path, body);
  return { ...common, body: null, file: info.path };
}

/** The text of a body; null when it is none. */
function asText(body: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}

/** Headers of an answer, bounded: a result is at most 1 MB. Cookies stay here. */
function shortHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  const kept = Object.entries(headers).filter(([name]) => name !== "set-cookie").slice(0, 100);
  return Object.fromEntries(kept.map(([name, value]) => [name.slice(0, 200), value.slice(0, 2_000)]));
}
