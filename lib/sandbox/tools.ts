// The programs of the operating system that walls are made of, by absolute path.
//
// Owns where they are looked for. The environment is not read: a PATH that somebody else wrote must not choose the wall.

/** Absolute paths of the programs that were found. */
export interface Tools {
  readonly bwrap?: string;
  readonly setpriv?: string;
  readonly prlimit?: string;
  readonly bash?: string;
  readonly ldd?: string;
  readonly nice?: string;
  readonly setsid?: string;
}

const FOLDERS = ["/usr/bin", "/bin", "/usr/local/bin", "/usr/sbin", "/sbin"];
const NAMES = ["bwrap", "setpriv", "prlimit", "bash", "ldd", "nice", "setsid"] as const;

/** Finds the programs that walls are made of. */
export async function findTools(): Promise<Tools> {
  const found: { -readonly [K in keyof Tools]: Tools[K] } = {};
  for (const name of NAMES) {
    const path = await firstFile(FOLDERS.map((folder) => `${folder}/${name}`));
    if (path !== undefined) found[name] = path;
  }
  return found;
}

async function firstFile(paths: string[]): Promise<string | undefined> {
  for (const path of paths) {
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch {
      continue;
    }
  }
  return undefined;
}

/** Runs a program of the operating system with nothing in its environment and a deadline; stdout and whether it exited 0. */
export async function runTool(
  program: string,
  args: string[],
  deadline_ms = 5000,
): Promise<{ ok: boolean; out: string }> {
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args,
      clearEnv: true,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
      signal: AbortSignal.timeout(deadline_ms),
    }).output();
    return { ok: success, out: new TextDecoder().decode(stdout) };
  } catch {
    return { ok: false, out: "" };
  }
}
