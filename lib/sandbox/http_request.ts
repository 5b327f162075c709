// One request of the host to one checked address: no redirect is followed, no more is read than was allowed.
//
//   Q1. The connection goes to an address that was looked up here and found to be public (or named by the operator):
//       nothing asks the name again, so it cannot point elsewhere an instant later. The certificate is checked by name.
import { lookup } from "node:dns/promises";
import http from "node:http";
import https from "node:https";
import type { Target } from "../model/host_name.ts";
import { isPublicAddress } from "./public_address.ts";

/** A request that came to nothing; the code is that of the leaf's failure. */
export class FetchFailure extends Error {
  readonly code: "refused" | "http" | "too_large";
  constructor(code: FetchFailure["code"], message: string) {
    super(message);
    this.code = code;
  }
}

/** What is sent. */
export interface Sent {
  readonly target: Target;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | null;
  readonly max_bytes: number;
  /** The operator lets this host lie on a private address. */
  readonly may_be_private: boolean;
  /** Looks a name up; tests name hosts of their own. */
  readonly addresses?: Lookup;
  /** Certificates that are trusted beside the system's. */
  readonly ca?: string;
}
/** What came back. */
export interface Received {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}
/** Finds the addresses of a name. */
export type Lookup = (name: string) => Promise<{ address: string; family: number }[]>;

const bySystem: Lookup = (name) => lookup(name, { all: true });

/** Sends one request. Throws FetchFailure `refused` for a private address, `too_large`, `http` when nothing came of it. */
export async function sendRequest(sent: Sent, signal: AbortSignal): Promise<Received> {
  signal.throwIfAborted();
  const address = await checkedAddress(sent);
  signal.throwIfAborted();
  return await exchange(sent, address, signal);
}

async function checkedAddress(sent: Sent): Promise<{ address: string; family: number }> {
  const { name } = sent.target;
  const bare = name.replace(/^\[|\]$/g, "");
  const found = await (sent.addresses ?? bySystem)(bare).catch(() => []);
  const [first] = found;
  if (first === undefined) throw new FetchFailure("http", `Cannot reach ${name}: the name is not known`);
  // One private address among public ones is enough: which of them is taken would be chance.
  const closed = found.find(({ address }) => !isPublicAddress(address));
  if (closed !== undefined && !sent.may_be_private) {
    throw new FetchFailure("refused", `Cannot reach ${name}: it lies on a private address (${closed.address})`);
  }
  return first;
}

/** How node is told what a name was found to be. */
type Found = (error: null, address: string | { address: string; family: number }[], family?: number) => void;

function exchange(sent: Sent, at: { address: string; family: number }, signal: AbortSignal): Promise<Received> {
  const { target: { url, name, port }, method, headers, body, max_bytes, ca } = sent;
  const secure = url.protocol === "https:";
  return new Promise((resolve, reject) => {
    const options = {
      hostname: name.replace(/^\[|\]$/g, ""),
      port,
      path: `${url.pathname}${url.search}`,
      method,
      headers: {
        ...headers,
        "accept-encoding": "identity",
        ...(body === null ? {} : { "content-length": body.length }),
      },
      agent: false,
      signal,
      ...(ca === undefined ? {} : { ca }),
      lookup: (_name: string, how: { all?: boolean | undefined }, done: Found) =>
        how.all === true ? done(null, [at]) : done(null, at.address, at.family),
    };
    const failed = (error: unknown) =>
      reject(
        signal.aborted || error instanceof FetchFailure
          ? signal.aborted ? signal.reason : error
          : new FetchFailure("http", `Cannot reach ${name}: ${error instanceof Error ? error.message : String(error)}`),
      );
    const request = (secure ? https : http).request(options, (response) => {
      const chunks: Uint8Array[] = [];
      let size = 0;
      response.on("data", (chunk: Uint8Array) => {
        size += chunk.length;
        if (size <= max_bytes) return void chunks.push(chunk);
        failed(new FetchFailure("too_large", `Cannot take the answer of ${name}: it is over ${max_bytes} bytes`));
        request.destroy();
      });
      response.on("error", failed);
      response.on("end", () => {
        const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
        let at = 0;
        for (const chunk of chunks) {
          all.set(chunk, at);
          at += chunk.length;
        }
        resolve({ status: response.statusCode ?? 0, headers: flat(response.headers), body: all });
      });
    });
    request.on("error", failed);
    if (body !== null) request.write(body);
    request.end();
  });
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(", ") : value;
  }
  return flat;
}
