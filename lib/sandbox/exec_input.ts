// What is put into a session's folder before a block runs: its inputs, and the code itself.
//
// Owns the checks without which nothing is started. A refusal is a result that says why, never an exception: the author of
// a runbook can mend it.
import type { ExecArgs } from "../protocol/sandbox.ts";
import { AppError } from "../model/error.ts";
import type { Clock, Ids, SandboxLimits } from "../service/ports.ts";
import type { ModuleBundles } from "./module_bundle.ts";
import { removeTree } from "./own_folder.ts";
import { placeFile, readSmall, writeOwn } from "./safe_file.ts";
import { ensureFolder, writablePath } from "./safe_path.ts";
import { HIDDEN, type Survey, survey } from "./survey.ts";

/** Largest value that a module may return, as JSON. */
const MAX_VALUE_BYTES = 1_000_000;

/** Where a block's own files lie in the session's folder. */
export interface BlockFiles {
  /** Path inside the folder. */
  readonly code: string;
  /** Path inside the folder where a module's value is written. */
  readonly value: string | undefined;
}

/** What input needs from the server. */
export interface InputTools {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly modules: ModuleBundles;
  /** Folder on the same disk that no program sees. */
  readonly outside: string;
}

/** Writes the input files. Throws AppError invalid for a name that is no name inside the folder. */
export async function writeInputs(work: string, files: Record<string, string>, tools: InputTools): Promise<void> {
  await Deno.mkdir(tools.outside, { recursive: true, mode: 0o700 });
  for (const [path, text] of Object.entries(files)) {
    const parts = writablePath(path);
    const temporary = `${tools.outside}/${tools.ids.token(16)}`;
    try {
      await Deno.writeTextFile(temporary, text, { createNew: true, mode: 0o644 });
      await placeFile(work, parts, temporary);
    } finally {
      await Deno.remove(temporary).catch(() => {});
    }
  }
}

/** Writes the code into the host's own folder inside the session's folder, made anew. */
export async function writeCode(
  work: string,
  n: number,
  { args, modules }: { args: ExecArgs; modules: ModuleBundles },
): Promise<BlockFiles> {
  const text = args.module === undefined ? args.code : await modules.code(args.module);
  if (text === undefined) throw new AppError("invalid", "Cannot run the block: it has neither code nor a module");
  await dropOwn(work);
  await ensureFolder(work);
  await Deno.mkdir(`${work}/${HIDDEN}`, { mode: 0o700 });
  // `.mjs`, not `.js`: a package.json that a block wrote must not turn the next one into CommonJS.
  const extension = args.module !== undefined || args.language === "js" ? "mjs" : "ts";
  const name = `block-${n}.${extension}`;
  await writeOwn(`${work}/${HIDDEN}`, name, text);
  return {
    code: `${HIDDEN}/${name}`,
    value: args.module === undefined ? undefined : `${HIDDEN}/value-${n}.json`,
  };
}

/** The value that a module wrote; undefined when there is none that can be used. */
export async function readValue(work: string, path: string): Promise<unknown> {
  // The host's own folder is closed to readers of the session, so it is the root here.
  const bytes = await readSmall(`${work}/${HIDDEN}`, path.slice(HIDDEN.length + 1), MAX_VALUE_BYTES);
  if (bytes === undefined) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/** Removes the host's own folder and whatever a program hid there. */
export async function dropOwn(work: string): Promise<void> {
  await removeTree(`${work}/${HIDDEN}`).catch(() => {});
}

/** Walks the folder; throws AppError when something lies there that would open what is outside, or too much. */
export async function checkFolder(work: string, limits: SandboxLimits, clock: Clock): Promise<Survey> {
  const found = await survey(work, { entries: limits.files + 10 }, clock);
  const [foreign] = found.foreign;
  if (foreign !== undefined) {
    throw new AppError(
      "wrong_state",
      `Cannot run the block: the folder holds ${JSON.stringify(foreign)}, which is neither a file nor a folder`,
    );
  }
  if (found.too_many !== undefined || found.bytes > limits.disk_mb * 1_000_000) {
    throw new AppError(
      "too_large",
      `Cannot run the block: the session's folder is over its limit of ${limits.disk_mb} MB and ${limits.files} files`,
    );
  }
  return found;
}
