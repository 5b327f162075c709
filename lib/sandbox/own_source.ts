// Which files a workflow of one's own is made of: followed from its file over all imports, read and checked.
//
// Runs no code of them. Leaves to own_workflows.ts: when files are read again; to the sandbox: what the code says.
//   W1. Relative imports below the folder, `@holdfast/sdk` and `zod`: nothing else is reached. The wall is the sandbox,
//       which may read nothing but the folder; this check says it in words, with file and line.
//   W2. A link is followed only where it stays below the folder.
//   W3. The digest covers what every file holds, and what is named by `new URL("./x", import.meta.url)` too.
import type { OnLoadArgs, OnLoadResult, OnResolveArgs, OnResolveResult, Plugin } from "esbuild";
import { complaints, withBundler } from "./bundler.ts";

/** A workflow's files as they were read. */
export interface ReadSource {
  /** SHA-256 of each file, by its path below the folder. */
  readonly sources: Record<string, string>;
  /** Code that runs in exec sandboxes, by absolute path: what is named by `new URL(…, import.meta.url)`. */
  readonly modules: readonly string[];
  /**
   * Everything that was looked at, files that are not there too, each with its stamp from before it was read: another look
   * is worth it when one of them has another. A later stamp could be that of what was saved after the reading.
   */
  readonly looked: ReadonlyMap<string, string>;
  /** Why it cannot be used. */
  readonly problem: string | null;
}

const MAX_FILES = 500;
const MAX_BYTES = 5_000_000;
const PACKAGES: ReadonlySet<string> = new Set(["@holdfast/sdk", "zod"]);
const NAMED = /new\s+URL\(\s*(["'`])(\.[^"'`$]*)\1\s*,\s*import\.meta\.url\s*\)/g;
const CODE = /\.(ts|js|mjs)$/;

/** Reads what the workflow in `file` is made of; `folder` is a real path. */
export async function readSource(folder: string, file: string): Promise<ReadSource> {
  const graph = new Graph(folder);
  let problem: string | null = null;
  try {
    await withBundler(({ build }) =>
      build({
        entryPoints: [`${folder}/${file}`],
        absWorkingDir: folder,
        bundle: true,
        write: false,
        format: "esm",
        platform: "neutral",
        logLevel: "silent",
        tsconfigRaw: "{}",
        plugins: [graph.plugin()],
      })
    );
  } catch (error) {
    problem = complaints(error).slice(0, 2000);
  }
  return { sources: graph.sources, modules: [...graph.modules], looked: graph.looked, problem };
}

/** Size, times and place of a file as it is now. */
export async function stampOf(path: string): Promise<string> {
  const info = await Deno.stat(path).catch(() => null);
  return info === null ? "-" : [info.size, info.mtime?.getTime(), info.ctime?.getTime(), info.ino].join(".");
}

/** Follows imports and keeps what it sees. */
class Graph {
  readonly sources: Record<string, string> = {};
  readonly modules = new Set<string>();
  readonly looked = new Map<string, string>();
  readonly #folder: string;
  #bytes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  plugin(): Plugin {
    return {
      name: "own-workflow",
      setup: (build) => {
        build.onResolve({ filter: /.*/ }, (args) => this.#resolve(args));
        build.onLoad({ filter: /.*/ }, (args) => this.#load(args));
      },
    };
  }

  async #resolve({ path, importer, kind }: OnResolveArgs): Promise<OnResolveResult> {
    if (kind === "entry-point") return await this.#inside(path, path);
    if (PACKAGES.has(path)) return { path, external: true };
    if (!path.startsWith("./") && !path.startsWith("../")) {
      const text = `it imports "${path}"; a workflow may import "@holdfast/sdk", "zod" and files below its folder`;
      return { errors: [{ text: `${text} (other packages: in a file that ctx.exec runs as a module)` }] };
    }
    const file = new URL(path, `file://${encodeURI(importer)}`).pathname;
    return await this.#inside(decodeURI(file), path);
  }

  /** A file that is there, and below the folder also where links lead to. */
  async #inside(path: string, said: string): Promise<OnResolveResult> {
    const outside = { errors: [{ text: `"${said}" does not lie below the folder of workflows` }] };
    if (!path.startsWith(`${this.#folder}/`)) return outside;
    if (!this.looked.has(path)) this.looked.set(path, await stampOf(path));
    const real = await Deno.realPath(path).catch(() => null);
    if (real === null) {
      return { errors: [{ text: `there is no file "${said}" (imports name a file with its extension)` }] };
    }
    return real.startsWith(`${this.#folder}/`) ? { path } : outside;
  }

  async #load({ path, with: attributes }: OnLoadArgs): Promise<OnLoadResult> {
    const read = await this.#read(path);
    if (typeof read !== "string") return { errors: [{ text: read.refused }] };
    const extension = /[^.]*$/.exec(path)?.[0] ?? "";
    const type = attributes["type"];
    if (type === "text" || type === "json") return { contents: read, loader: type };
    if (extension === "ts" || extension === "js" || extension === "mjs") {
      for (const [, , named = ""] of read.matchAll(NAMED)) await this.#name(path, named);
      return { contents: read, loader: extension === "ts" ? "ts" : "js" };
    }
    return { errors: [{ text: `".${extension}" is no code: import it with { type: "json" } or { type: "text" }` }] };
  }

  /** A file that is named and not imported: code for an exec sandbox, or data. */
  async #name(importer: string, named: string): Promise<void> {
    const path = decodeURI(new URL(named, `file://${encodeURI(importer)}`).pathname);
    if ((await this.#inside(path, named)).errors !== undefined) return;
    if (typeof await this.#read(path) === "string" && CODE.test(path)) this.modules.add(path);
  }

  async #read(path: string): Promise<string | { refused: string }> {
    const info = await Deno.stat(path).catch(() => null);
    if (info?.isFile !== true) return { refused: "it is no file" };
    this.#bytes += info.size;
    if (this.#bytes > MAX_BYTES) return { refused: `a workflow's files are more than ${MAX_BYTES / 1e6} MB` };
    if (Object.keys(this.sources).length >= MAX_FILES) {
      return { refused: `a workflow has more than ${MAX_FILES} files` };
    }
    const bytes = await Deno.readFile(path).catch((error: Error) => ({ refused: error.name }));
    if (!(bytes instanceof Uint8Array)) return bytes;
    const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    this.sources[path.slice(this.#folder.length + 1)] = hash;
    return new TextDecoder().decode(bytes);
  }
}
