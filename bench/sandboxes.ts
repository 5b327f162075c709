// Processes of a server, read from /proc.

/** Pids of the processes below a process, in the order of their start. */
export function below(pid: number): number[] {
  const found: number[] = [];
  for (const parent of [pid]) collect(parent, found);
  return found;
}

function collect(pid: number, found: number[]): void {
  const children = read(`/proc/${pid}/task/${pid}/children`);
  for (const child of children.split(" ").filter((part) => part !== "").map(Number)) {
    found.push(child);
    collect(child, found);
  }
}

function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    const gone = error instanceof Deno.errors.NotFound || String(error).includes("(os error 3)");
    if (gone) return "";
    throw error;
  }
}

/** The workflow sandbox of the only run that executes: the one that has been there for longest. */
export function sandboxOf(server: number): number {
  const there = below(server).filter((pid) =>
    isAlive(pid) && /workflow\/main\.js|workers\/main\.ts/.test(read(`/proc/${pid}/cmdline`))
  );
  const [first] = there.sort((a, b) => startOf(a) - startOf(b));
  if (first === undefined) throw new Error("there is no sandbox");
  return first;
}

const startOf = (pid: number) => Number(read(`/proc/${pid}/stat`).split(") ")[1]?.split(" ")[19] ?? 0);

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  const state = read(`/proc/${pid}/stat`).split(") ")[1]?.[0];
  return state !== undefined && state !== "Z";
}

/** Resident memory of processes in MB. */
export function residentMb(pids: readonly number[]): number {
  const pages = pids.map((pid) => Number(read(`/proc/${pid}/statm`).split(" ")[1] ?? 0));
  return pages.reduce((sum, count) => sum + count, 0) * 4096 / 1024 / 1024;
}
