// Building and developing.
//
// `dev.ts build` writes _fresh/ with the app and the bundled server, and installs the packages of the exec sandbox; with
// `--if-stale` only what is missing or older than a source. Without `build` the app is built in memory and served by serve.ts as in production;
// `deno run --watch` starts it again.
//   D1. A build appears whole: it is made beside and renamed, so that two starts at once do not disturb each other.
//   D2. Tools that only a build needs are loaded when there is something to build.
import type { Builder } from "fresh/dev";
import type { State } from "./lib/http/state.ts";
import { ensureExecApp, findExecApp } from "./lib/sandbox/exec_app.ts";

const ROOT = new URL(".", import.meta.url);
/** What a build is made of. */
const SOURCES = [
  "routes",
  "islands",
  "static",
  "lib",
  "workers",
  "jsr/fresh/src",
  "dev",
  "main.ts",
  "serve.ts",
  "dev.ts",
  "deno.json",
  "deno.lock",
];
/** Folders below them that are none: packages of code blocks, which the build itself installs. */
const NO_SOURCES = ["exec", "node_modules", ".cache"];
const ROOT_PATH = decodeURIComponent(ROOT.pathname).replace(/\/$/, "");
const FINAL = `${ROOT_PATH}/_fresh`;
const BUILT = new URL("_fresh/holdfast.js", ROOT);

async function builder(outDir: string): Promise<Builder<State>> {
  const [{ default: tailwindcss }, { default: postcss }, { Builder }] = await Promise.all([
    import("@tailwindcss/postcss"),
    import("postcss"),
    import("fresh/dev"),
  ]);
  const made = new Builder<State>({ root: ROOT_PATH, outDir });
  made.onTransformStaticFile({ pluginName: "tailwind", filter: /\.css$/ }, async ({ path, text, mode }) => {
    const result = await postcss([tailwindcss({ optimize: mode === "production" })]).process(text, { from: path });
    return { content: result.css };
  });
  return made;
}

/**
 * Milliseconds since the epoch of the newest file or folder at or below a place; 0 for what is not there. Folders count,
 * because a file that was deleted leaves no other trace.
 */
function newest(place: URL): number {
  try {
    const { isDirectory, mtime } = Deno.statSync(place);
    const own = mtime?.getTime() ?? 0;
    if (!isDirectory) return own;
    const inside = [...Deno.readDirSync(place)].filter(({ name }) => !NO_SOURCES.includes(name)).map((entry) =>
      newest(new URL(encodeURIComponent(entry.name) + (entry.isDirectory ? "/" : ""), place))
    );
    return Math.max(own, ...inside);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** Whether the build is missing or older than one of its sources. */
export function isStale(): boolean {
  const built = newest(BUILT);
  return built === 0 || SOURCES.some((source) => newestOf(source) > built);
}

function newestOf(source: string): number {
  const folder = !/\.\w+$/.test(source);
  return newest(new URL(folder ? `${source}/` : source, ROOT));
}

/** Says a line on stdout: this program is a tool of the terminal. */
const say = (text: string) => void Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** Puts a finished build in place of the last one; somebody else doing the same at this moment is no trouble. */
async function replaceBuild(made: string): Promise<void> {
  const old = `${made}.old`;
  for (let attempt = 1;; attempt++) {
    await Deno.rename(FINAL, old).catch(ignoreMissing);
    try {
      await Deno.rename(made, FINAL);
      break;
    } catch (error) {
      // Another build came in between.
      if (attempt === 10 || error instanceof Deno.errors.NotFound) throw error;
    }
  }
  await Deno.remove(old, { recursive: true }).catch(ignoreMissing);
}

function ignoreMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}

async function build(): Promise<void> {
  const started = performance.now();
  const made = `${FINAL}.${Deno.pid}.tmp`;
  try {
    await (await builder(made)).build();
    const [{ bundleServer }, { bundleWorkflow }] = await Promise.all([
      import("./dev/server_bundle.ts"),
      import("./dev/workflow_bundle.ts"),
    ]);
    await Promise.all([bundleServer(ROOT_PATH, made), bundleWorkflow(ROOT_PATH, `${made}/workflow`)]);
    await replaceBuild(made);
  } finally {
    await Deno.remove(made, { recursive: true }).catch(ignoreMissing);
  }
  say(`built the app in ${seconds(started)}`);
}

async function installExecApp(): Promise<void> {
  if (await findExecApp(ROOT_PATH) !== undefined) return;
  const started = performance.now();
  await ensureExecApp(ROOT_PATH);
  say(`installed the packages that runbooks may import in ${seconds(started)}`);
}

if (import.meta.main) {
  const [command, ...flags] = Deno.args;
  if (command === "build") {
    if (!flags.includes("--if-stale") || isStale()) await build();
    await installExecApp();
    // The bundler's helper process would keep this one alive.
    Deno.exit(0);
  }
  const { app } = await import("./main.ts");
  const { main } = await import("./serve.ts");
  const attach = await (await builder(FINAL)).build({ mode: "development", snapshot: "memory" });
  attach(app);
  await main(() => Promise.resolve(app.handler()));
}
