// A mode's own module as one file of code that an exec process can run.
//
// The module is trusted like the mode beside which it lies; where it may lie is fixed. What it imports from npm stays an
// import of the curated packages.
import { AppError } from "../model/error.ts";
import { complaints, withBundler } from "./bundler.ts";
import { Turnstile } from "./turnstile.ts";

/** Bundles modules below fixed folders and keeps the result while no file that went into it changed. */
export class ModuleBundles {
  #roots: readonly string[];
  #one_at_a_time = new Turnstile();
  #kept = new Map<string, { code: string; inputs: { path: string; modified_ms: number }[] }>();

  constructor(roots: readonly string[]) {
    this.#roots = roots;
  }

  /** The code behind a file URL. Throws AppError invalid for a file elsewhere or one that cannot be bundled. */
  async code(url: string): Promise<string> {
    const roots = await this.#realRoots();
    const path = await this.#locate(url, roots);
    const kept = this.#kept.get(path);
    if (kept !== undefined && await unchanged(kept.inputs)) return kept.code;
    const made = await this.#one_at_a_time.pass(() => bundle(path, url, roots));
    this.#kept.set(path, made);
    return made.code;
  }

  async #locate(url: string, roots: readonly string[]): Promise<string> {
    const refused = (why: string) => new AppError("invalid", `Cannot run the module "${url.slice(0, 300)}": ${why}`);
    if (!URL.canParse(url) || !url.startsWith("file:///")) throw refused("it is not a file URL");
    const path = await Deno.realPath(new URL(url)).catch(() => undefined);
    if (path === undefined) throw refused("there is no such file");
    if (roots.some((root) => path.startsWith(`${root}/`))) return path;
    throw refused("it does not lie beside a workflow");
  }

  async #realRoots(): Promise<string[]> {
    const all = await Promise.all(this.#roots.map((root) => Deno.realPath(root).catch(() => null)));
    return all.filter((root) => root !== null);
  }
}

async function bundle(path: string, url: string, roots: readonly string[]) {
  try {
    const { outputFiles, metafile } = await withBundler(({ build }) =>
      build({
        entryPoints: [path],
        absWorkingDir: "/",
        bundle: true,
        write: false,
        metafile: true,
        format: "esm",
        platform: "neutral",
        packages: "external",
        logLevel: "silent",
        tsconfigRaw: "{}",
      })
    );
    const inputs = await Promise.all(
      Object.keys(metafile.inputs).map(async (input) => {
        const file = await Deno.realPath(`/${input}`);
        if (!roots.some((root) => file.startsWith(`${root}/`))) {
          throw new Error(`"${file}" does not lie beside a workflow`);
        }
        return { path: file, modified_ms: (await Deno.stat(file)).mtime?.getTime() ?? 0 };
      }),
    );
    return { code: outputFiles[0]?.text ?? "", inputs };
  } catch (error) {
    throw new AppError(
      "invalid",
      `Cannot bundle the module "${url.slice(0, 300)}": ${complaints(error).slice(0, 2000)}`,
    );
  }
}

async function unchanged(inputs: readonly { path: string; modified_ms: number }[]): Promise<boolean> {
  for (const { path, modified_ms } of inputs) {
    const info = await Deno.stat(path).catch(() => undefined);
    if (info?.mtime?.getTime() !== modified_ms) return false;
  }
  return true;
}
