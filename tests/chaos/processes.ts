// Processes of a server as the kernel knows them: who is alive, who belongs to which data folder.
//
// A sandbox is found by what it cannot hide: its working folder or its command line lies in the server's data folder, or
// its parent is a process of the server. Works without asking the server, which may be dead.

/** A process that will not be mistaken for a later one with its number. */
export interface Known {
  readonly pid: number;
  readonly started: string;
}
interface Stat extends Known {
  readonly parent: number;
  readonly state: string;
}

function statOf(pid: number): Stat | null {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { pid, state: fields[0] ?? "", parent: Number(fields[1]), started: fields[19] ?? "" };
  } catch {
    return null; // gone meanwhile
  }
}

/** Whether a process still runs; one that is dead and not yet waited for does not. */
export function isAlive({ pid, started }: Known): boolean {
  const stat = statOf(pid);
  return stat !== null && stat.started === started && stat.state !== "Z" && stat.state !== "X";
}

/** Whether a process was stopped by a signal. */
export function isStopped(pid: number): boolean {
  return statOf(pid)?.state === "T";
}

/** Own children that were stopped. */
export function stoppedChildren(): number[] {
  return allStats().filter(({ parent, state }) => parent === Deno.pid && state === "T").map(({ pid }) => pid);
}

function allStats(): Stat[] {
  const stats: Stat[] = [];
  for (const entry of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(entry.name)) continue;
    const stat = statOf(Number(entry.name));
    if (stat !== null) stats.push(stat);
  }
  return stats;
}

/** All processes below one, nearest first. */
export function below(pid: number): Known[] {
  const stats = allStats();
  const found: Stat[] = [];
  for (let parents = new Set([pid]); parents.size > 0;) {
    const next = stats.filter((one) => parents.has(one.parent));
    found.push(...next);
    parents = new Set(next.map((one) => one.pid));
  }
  return found.filter((one) => one.state !== "Z");
}

/** Processes that work in a folder or name it, without `except`. */
export function workingIn(folder: string, except: number): Known[] {
  return allStats().filter(({ pid, state }) =>
    pid !== except && pid !== Deno.pid && state !== "Z" && names(pid, folder)
  );
}

/** Whether a process is the wall or the program of a block. */
export function isBlock(pid: number): boolean {
  try {
    return /boot\.ts\b/.test(Deno.readTextFileSync(`/proc/${pid}/cmdline`));
  } catch {
    return false; // gone
  }
}

function names(pid: number, folder: string): boolean {
  try {
    if (Deno.readLinkSync(`/proc/${pid}/cwd`).startsWith(folder)) return true;
    return Deno.readTextFileSync(`/proc/${pid}/cmdline`).includes(folder);
  } catch {
    return false; // gone, or a process of the kernel
  }
}

/** Waits until none of them is alive; gives those that still are at the end. */
export async function untilGone(list: () => readonly Known[], deadline_ms: number): Promise<readonly Known[]> {
  for (const since = performance.now();;) {
    const left = list().filter(isAlive);
    if (left.length === 0 || performance.now() - since > deadline_ms) return left;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** Sends a signal; to a process that is gone it is no error. */
export function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}

/** The sessions below a folder whose blocks are at work. */
export function blocksIn(sessions: string): Set<string> {
  const found = new Set<string>();
  for (const { pid, state } of allStats()) {
    if (state === "Z" || !isBlock(pid)) continue;
    const at = placeOf(pid).find((text) => text.includes(sessions));
    const id = at?.slice(at.indexOf(sessions) + sessions.length).match(/^[\w-]+/)?.[0];
    if (id !== undefined) found.add(id);
  }
  return found;
}

/** Where a process works, and its command line. */
function placeOf(pid: number): string[] {
  try {
    return [Deno.readLinkSync(`/proc/${pid}/cwd`), Deno.readTextFileSync(`/proc/${pid}/cmdline`)];
  } catch {
    return []; // gone
  }
}
