// What /proc says of a process and of those below it.
//
// Owns reading /proc, synchronously: one sample costs some tens of microseconds, and between two awaits a process could
// be gone and its number given to another. A process is known by number and start time together.
// Where there is no /proc every answer is "unknown": an empty tree, nothing alive.

/** A process as one sample saw it. */
export interface ProcessSample {
  readonly pid: number;
  /** Start time in clock ticks since boot: tells a process from a later one with the same number. */
  readonly started: number;
  readonly rss_bytes: number;
  /** Processor time of all its threads so far, seconds. */
  readonly cpu_s: number;
  readonly dead: boolean;
  /** Number of its session. */
  readonly session: number;
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every Linux

let page_bytes = 0;
/** Bytes of a page: 4,096 on most machines, up to 65,536 on some; found by what this process itself occupies. */
function pageBytes(): number {
  if (page_bytes === 0) {
    const pages = Number(Deno.readTextFileSync("/proc/self/statm").split(" ")[1]);
    page_bytes = 2 ** Math.round(Math.log2(Deno.memoryUsage().rss / pages));
  }
  return page_bytes;
}

/** Reads one process; undefined when it is not there. */
export function sampleProcess(pid: number): ProcessSample | undefined {
  try {
    return parse(pid, Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return undefined;
  }
}

function parse(pid: number, stat: string): ProcessSample {
  // The name in brackets may hold anything, brackets too: fields are counted from the last one (proc(5), from field 3).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const number = (field: number) => Number(fields[field - 3]);
  return {
    pid,
    started: number(22),
    rss_bytes: number(24) * pageBytes(),
    cpu_s: (number(14) + number(15)) / TICKS_PER_SECOND,
    dead: fields[0] === "Z" || fields[0] === "X",
    session: number(6),
  };
}

/** A process and all below it that its main threads started. */
export function sampleTree(root: number): ProcessSample[] {
  const samples: ProcessSample[] = [];
  const open = [root];
  for (let pid = open.pop(); pid !== undefined; pid = open.pop()) {
    const sample = sampleProcess(pid);
    if (sample === undefined) continue;
    samples.push(sample);
    open.push(...childrenOf(pid));
  }
  return samples;
}

function childrenOf(pid: number): number[] {
  try {
    const text = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
    return text.split(" ").filter((part) => part !== "").map(Number);
  } catch {
    return [];
  }
}

/** Whether exactly this process still exists; a zombie does not count, nothing of it can act. */
export function isAlive(process: { pid: number; started: number }): boolean {
  return isSame(process, sampleProcess(process.pid));
}

/**
 * The same for a process that was just killed. Whoever looks at a process while it dies may be the last to let go of its
 * memory, and then it is the looker who takes down hundreds of megabytes: never on the main thread.
 */
export async function stillAlive(process: { pid: number; started: number }): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${process.pid}/stat`).catch(() => undefined);
  return stat !== undefined && isSame(process, parse(process.pid, stat));
}

function isSame({ started }: { started: number }, now: ProcessSample | undefined): boolean {
  return now !== undefined && now.started === started && !now.dead;
}
