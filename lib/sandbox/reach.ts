// What runs may reach beyond their folder: requests that the host sends for them, and what a person may be asked for.
//
//   R1. Each hop of a request is checked by itself: its host must be allowed, its address public.
//   R2. Asked about is only what the operator lets be asked: hosts (HOLDFAST_ASK_NET), files below folders
//       (HOLDFAST_ASK_READ). Everything else stays denied without a question.
import { covers, notAskable, type Target, targetOf } from "../model/host_name.ts";
import type { Fetched, FetchOrder, Reach } from "../service/ports.ts";
import { isClosed } from "./grants.ts";
import { FetchFailure, type Lookup, type Received, sendRequest } from "./http_request.ts";

/** What the operator lets be reached and asked for. */
export interface ReachOptions {
  /** "any" public host, or these: `name`, `name:port`, `*.name`. */
  readonly ask_net: "any" | readonly string[];
  /** Folders below which a person may be asked for a file. */
  readonly ask_read: readonly string[];
  /** Hosts that may lie on private addresses. */
  readonly private_hosts: readonly string[];
  /** The server's own folders. */
  readonly closed: readonly string[];
  readonly addresses?: Lookup;
  readonly ca?: string;
}

/** Redirects of one request. */
const MAX_HOPS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** What a request may not set: it belongs to the connection, or says who asks. */
const OWN_HEADERS =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept-encoding|proxy-.*|via|forwarded|x-forwarded-.*|x-real-ip|metadata-flavor|x-aws-ec2-.*)$/i;
/** What must not go to another host with a redirect. */
const PERSONAL = /^(authorization|cookie|idempotency-key|x-api-key)$/i;

/** Makes the port. */
export function createReach(options: ReachOptions): Reach {
  const isPrivateHost = (host: string) => options.private_hosts.some((one) => covers(one, host));
  return {
    mayAskHost(host) {
      if (isPrivateHost(host)) return null;
      const why = notAskable(host);
      if (why !== null) return why;
      const asked = options.ask_net === "any" || options.ask_net.some((one) => covers(one, host));
      return asked ? null : "this server does not let anybody be asked for it";
    },
    mayAskPath: (path) => mayAskPath(options, path),
    fetch: (order, signal) => fetchAll(options, { order, isPrivateHost }, signal),
  };
}

async function mayAskPath({ ask_read, closed }: ReachOptions, path: string): Promise<string | null> {
  const no = "this server does not let anybody be asked for it";
  if (!path.startsWith("/") || path.length > 300) return no;
  const real = await Deno.realPath(path).catch(() => null);
  // A link would show one name and open another.
  if (real !== path || isClosed(real, closed)) return no;
  for (const folder of ask_read) {
    const root = await Deno.realPath(folder).catch(() => null);
    if (root !== null && (real === root || real.startsWith(`${root}/`))) return null;
  }
  return no;
}

interface Sending {
  readonly order: FetchOrder;
  isPrivateHost(host: string): boolean;
}

async function fetchAll(options: ReachOptions, sending: Sending, signal: AbortSignal): Promise<Fetched> {
  const { order } = sending;
  let { method, body } = order;
  let headers = withoutOwn(order.headers);
  let target = readTarget(order.url);
  for (let hop = 0;; hop++) {
    if (!order.allows(target.what)) return { wants: target.what };
    const { addresses, ca } = options;
    const received = await sendRequest({
      target,
      method,
      headers,
      body,
      max_bytes: order.max_bytes,
      may_be_private: sending.isPrivateHost(target.what),
      ...(addresses === undefined ? {} : { addresses }),
      ...(ca === undefined ? {} : { ca }),
    }, signal);
    const next = nextTarget(received, target);
    if (next === null) return { url: target.url.href, ...received };
    if (hop >= MAX_HOPS) {
      throw new FetchFailure("http", `Cannot fetch ${order.url}: it was sent on more than ${MAX_HOPS} times`);
    }
    if (next.what !== target.what) headers = without(headers, PERSONAL);
    if (received.status === 303 || (received.status < 303 && method === "POST")) {
      [method, body] = ["GET", null];
      headers = without(headers, /^content-/i);
    }
    target = next;
  }
}

function readTarget(url: string): Target {
  const target = targetOf(url);
  if (typeof target === "string") throw new FetchFailure("refused", `Cannot fetch ${shown(url)}: ${target}`);
  return target;
}

/** Where an answer sends the request on; null: nowhere. Throws FetchFailure `refused` for what is not followed. */
export function nextTarget(received: Pick<Received, "status" | "headers">, from: Target): Target | null {
  const to = received.headers["location"];
  if (!REDIRECTS.has(received.status) || to === undefined) return null;
  const next = readTarget(URL.parse(to, from.url)?.href ?? to);
  if (from.url.protocol === "https:" && next.url.protocol === "http:") {
    throw new FetchFailure("refused", `Cannot fetch ${from.url.href}: it leads from https to http`);
  }
  return next;
}

const shown = (url: string): string => JSON.stringify(url.slice(0, 200));
const withoutOwn = (headers: Readonly<Record<string, string>>) => without(headers, OWN_HEADERS);
const without = (headers: Readonly<Record<string, string>>, names: RegExp): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !names.test(name)));
