// The folder of curated packages that code from outside may import: workers/exec/app.
//
// Owns its installation, once, by Deno's own npm client, and where the tables of its packages lie. Its deno.json and
// deno.lock are part of the project; its node_modules is made here and replaced when the lock changes.
//   A1. node_modules appears whole or not at all: it is made beside and renamed, so two starts at once do no harm.
//   A2. Nothing secret may lie in it: packages in node_modules are read without any right.
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";

const log = getLogger(["holdfast", "sandbox"]);

/** The folder of curated packages. */
export interface ExecApp {
  /** Real path. */
  readonly folder: string;
  /** Data folder of `vega-datasets`, real path. */
  readonly tables?: string;
  /** Names that code may import. */
  readonly packages: readonly string[];
  /** SHA-256 of the lock file: what a template of compiled code depends on. */
  readonly digest: string;
}

const INSTALL_DEADLINE_MS = 300_000;
/** Says which lock file node_modules was made from. */
const STAMP = ".holdfast";

/** Finds the installed packages; undefined when they are not installed as the lock file says. */
export async function findExecApp(project_root: string): Promise<ExecApp | undefined> {
  const folder = `${project_root}/workers/exec/app`;
  const digest = await lockDigest(folder);
  if (await stampOf(folder) !== digest) return undefined;
  const tables = await realFolder(`${folder}/node_modules/vega-datasets`);
  return {
    folder: await Deno.realPath(folder),
    ...(tables === undefined ? {} : { tables: `${tables}/data` }),
    packages: await packagesOf(folder),
    digest,
  };
}

/** Installs the curated packages unless they are there. Throws AppError when the registry cannot be reached. */
export async function ensureExecApp(project_root: string): Promise<ExecApp> {
  const there = await findExecApp(project_root);
  if (there !== undefined) return there;
  const folder = `${project_root}/workers/exec/app`;
  await Deno.mkdir(`${folder}/.cache`, { recursive: true });
  const made = await Deno.makeTempDir({ dir: `${folder}/.cache` });
  try {
    for (const name of ["deno.json", "deno.lock"]) await Deno.copyFile(`${folder}/${name}`, `${made}/${name}`);
    await install(made);
    await Deno.writeTextFile(`${made}/node_modules/${STAMP}`, await lockDigest(folder));
    await swapIn(folder, made);
  } finally {
    await Deno.remove(made, { recursive: true });
  }
  const app = await findExecApp(project_root);
  if (app === undefined) throw new AppError("internal", `Cannot install the packages of "${folder}": its lock changed`);
  log.info("exec_app.installed", { packages: app.packages });
  return app;
}

async function install(cwd: string): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--frozen", "--quiet", "--config=deno.json"],
    cwd,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    signal: AbortSignal.timeout(INSTALL_DEADLINE_MS),
  }).output();
  if (success) return;
  const text = new TextDecoder().decode(stderr).trim().slice(-2000);
  throw new AppError("internal", `Cannot install the packages of code blocks: ${text}`);
}

/** Puts the new node_modules in place; what another start put there meanwhile is as good. */
async function swapIn(folder: string, made: string): Promise<void> {
  for (let tries = 0; tries < 5; tries++) {
    try {
      await Deno.rename(`${made}/node_modules`, `${folder}/node_modules`);
      return;
    } catch (error) {
      if (await stampOf(folder) === await lockDigest(folder)) return;
      if (!await exists(`${folder}/node_modules`)) throw error;
      await Deno.rename(`${folder}/node_modules`, `${made}/old-${tries}`).catch(() => {});
    }
  }
  throw new AppError("internal", `Cannot replace "${folder}/node_modules": something keeps putting it back`);
}

async function lockDigest(folder: string): Promise<string> {
  const bytes = await Deno.readFile(`${folder}/deno.lock`);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return hash.toHex();
}

async function stampOf(folder: string): Promise<string | undefined> {
  return await Deno.readTextFile(`${folder}/node_modules/${STAMP}`).catch(() => undefined);
}

async function packagesOf(folder: string): Promise<string[]> {
  const config: unknown = JSON.parse(await Deno.readTextFile(`${folder}/deno.json`));
  const imports = typeof config === "object" && config !== null && "imports" in config ? config.imports : {};
  return Object.keys(imports ?? {});
}

async function realFolder(path: string): Promise<string | undefined> {
  return await Deno.realPath(path).catch(() => undefined);
}

async function exists(path: string): Promise<boolean> {
  return await Deno.lstat(path).then(() => true, () => false);
}
