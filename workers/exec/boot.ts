// The main module of every exec process: it runs one block that came from outside.
//
// Deno reads a main module's static imports without asking for any right, so code from outside is never the main module:
// it is imported by a computed path, and then every file asks. No import stands here for the same reason.
// One line on stdin says what to run: {path, input?, value_path?}. With `value_path` it is a module whose default export
// gets `input`; what it returns is written there as JSON.
// With `net` hosts were granted: `fetch` goes to the server, which sends the request; this process has no network at all.
// Exit codes: 77 when the code asked for a right that it does not have, 1 for any other error, else the code's own.

interface Order {
  path: string;
  input?: unknown;
  value_path?: string;
  /** What frames to the server begin with. */
  net?: string;
}
/** What the server says of a request. */
type Reply = { status: number; url: string; headers: Record<string, string>; body: string } | { denied: string } | {
  error: string;
};

const RIGHT_WANTED = 77;
const { NotCapable } = Deno.errors;
const { inspect, writeTextFileSync } = Deno;
const exit: (code: number) => never = Deno.exit;
const write = Deno.stderr.writeSync.bind(Deno.stderr);
const encoder = new TextEncoder();
const encode = encoder.encode.bind(encoder);
const { parse, stringify } = JSON;

/** A refused import is a TypeError with the text of the refusal; node's file functions wrap it too. */
function wantsRight(error: unknown): boolean {
  return error instanceof NotCapable ||
    (error instanceof Error && (error.name === "NotCapable" || /^Requires \w+ access/.test(error.message)));
}

function fail(error: unknown): never {
  const text = encode(`${error instanceof Error ? inspect(error) : `Uncaught ${inspect(error)}`}\n`);
  for (let at = 0; at < text.length;) at += write(text.subarray(at));
  exit(wantsRight(error) ? RIGHT_WANTED : 1);
}

globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  fail(event.reason);
});
globalThis.addEventListener("error", (event) => {
  event.preventDefault();
  fail(event.error);
});

// These write below DENO_DIR without a right, `caches` without a bound.
for (const name of ["localStorage", "sessionStorage", "caches"]) Reflect.deleteProperty(globalThis, name);

// Where no wall kills the children of a dead server, this thread looks for it, also while the code spins.
const server = Number(Deno.args[0]);
if (server > 0) {
  const { Worker } = await import("node:worker_threads");
  const guard = `setInterval(() => { if (Deno.ppid !== ${server}) Deno.kill(Deno.pid, "SIGKILL"); }, 200);`;
  new Worker(guard, { eval: true }).unref();
}

const nextLine = lines(Deno.stdin.readable);

/** Lines of stdin; nothing is read before somebody asks for one, so that an idle process can end. */
function lines(stream: ReadableStream<Uint8Array>): () => Promise<string | null> {
  const decoder = new TextDecoder();
  let rest = "";
  return async () => {
    const parts = [rest];
    for (let last = rest; !last.includes("\n");) {
      const reader = stream.getReader();
      const { value, done } = await reader.read();
      reader.releaseLock();
      if (done) return null;
      last = decoder.decode(value, { stream: true });
      parts.push(last);
    }
    const text = parts.join("");
    const end = text.indexOf("\n");
    rest = text.slice(end + 1);
    return text.slice(0, end);
  };
}

async function readOrder(): Promise<Order> {
  const line = await nextLine();
  // The server closed the line without a word: it needs this process no longer, or is gone itself.
  if (line === null) exit(0);
  return parse(line);
}

/** Lets `fetch` go to the server. */
function openNet(nonce: string): void {
  const writeOut = Deno.stdout.writeSync.bind(Deno.stdout);
  let turn: Promise<unknown> = Promise.resolve();
  const ask = async (order: object): Promise<Reply> => {
    const frame = encode(`\n\x1e${nonce}${stringify(order)}\n`);
    for (let at = 0; at < frame.length;) at += writeOut(frame.subarray(at));
    const line = await nextLine();
    return line === null ? { error: "the server closed the line" } : parse(line);
  };
  globalThis.fetch = async (resource: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const request = new Request(resource, init);
    if (!/^https?:/.test(request.url)) throw new TypeError(`Cannot fetch ${request.url}: only http and https`);
    const body = request.body === null ? {} : { body: (await request.bytes()).toBase64() };
    const order = { url: request.url, method: request.method, headers: Object.fromEntries(request.headers), ...body };
    const mine = turn.then(() => ask(order));
    turn = mine.catch(() => undefined);
    return answerOf(await mine);
  };
}

function answerOf(reply: Reply): Response {
  if ("denied" in reply) {
    const host = /:\d+$/.test(reply.denied) ? reply.denied : `${reply.denied}:443`;
    throw new NotCapable(`Requires net access to "${host}": this session was not granted it`);
  }
  if ("error" in reply) throw new TypeError(reply.error);
  const { status, headers, url } = reply;
  const bytes = Uint8Array.fromBase64(reply.body);
  const empty = bytes.length === 0 || status === 204 || status === 205 || status === 304;
  const response = new Response(empty ? null : bytes, { status: status < 200 ? 502 : status, headers });
  return Object.defineProperty(response, "url", { value: url });
}

try {
  const { path, input, value_path, net } = await readOrder();
  if (net !== undefined) openNet(net);
  const loaded = await import(`file://${path.split("/").map(encodeURIComponent).join("/")}`);
  if (value_path !== undefined) {
    const value = await loaded.default(input);
    writeTextFileSync(value_path, stringify(value) ?? "null");
  }
} catch (error) {
  fail(error);
}
