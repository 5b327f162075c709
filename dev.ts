// Building and developing.
//
// `dev.ts build` writes _fresh/ for serve.ts; with `--if-stale` only when a source is newer than the last build. Without
// `build` the app is built in memory and served by serve.ts as in production; `deno run --watch` starts it again.
import tailwindcss from "@tailwindcss/postcss";
import postcss from "postcss";
import { Builder } from "fresh/dev";
import type { State } from "./lib/http/state.ts";

const ROOT = new URL(".", import.meta.url);
/** What a build is made of; server code is loaded from its sources and needs no build. */
const SOURCES = ["routes", "islands", "static", "lib", "jsr/fresh/src", "main.ts", "dev.ts", "deno.json"];
const BUILT = new URL("_fresh/snapshot.js", ROOT);

function builder(): Builder<State> {
  const made = new Builder<State>({ root: decodeURIComponent(ROOT.pathname) });
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
    const inside = [...Deno.readDirSync(place)].map((entry) =>
      newest(new URL(encodeURIComponent(entry.name) + (entry.isDirectory ? "/" : ""), place))
    );
    return Math.max(own, ...inside);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

function isStale(): boolean {
  const built = newest(BUILT);
  return built === 0 || SOURCES.some((source) => newestOf(source) > built);
}

function newestOf(source: string): number {
  const folder = !/\.\w+$/.test(source);
  return newest(new URL(folder ? `${source}/` : source, ROOT));
}

if (import.meta.main) {
  const [command, ...flags] = Deno.args;
  if (command === "build") {
    if (!flags.includes("--if-stale") || isStale()) await builder().build();
    // The bundler's helper process would keep this one alive.
    Deno.exit(0);
  }
  const { app } = await import("./main.ts");
  const { main } = await import("./serve.ts");
  const attach = await builder().build({ mode: "development", snapshot: "memory" });
  attach(app);
  await main(() => Promise.resolve(app.handler()));
}
