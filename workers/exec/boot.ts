// The main module of every exec process: it runs one block that came from outside.
//
// Deno reads a main module's static imports without asking for any right, so code from outside is never the main module:
// it is imported by a computed path, and then every file asks. No import stands here for the same reason.
// One line on stdin says what to run: {path, input?, value_path?}. With `value_path` it is a module whose default export
// gets `input`; what it returns is written there as JSON.
// Exit codes: 77 when the code asked for a right that it does not have, 1 for any other error, else the code's own.

interface Order {
  path: string;
  input?: unknown;
  value_path?: string;
}

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

async function readOrder(): Promise<Order> {
  const text = await new Response(Deno.stdin.readable).text();
  // The server closed the line without a word: it needs this process no longer, or is gone itself.
  if (text === "") exit(0);
  return parse(text);
}

try {
  const { path, input, value_path } = await readOrder();
  const loaded = await import(`file://${path.split("/").map(encodeURIComponent).join("/")}`);
  if (value_path !== undefined) {
    const value = await loaded.default(input);
    writeTextFileSync(value_path, stringify(value) ?? "null");
  }
} catch (error) {
  fail(error);
}
