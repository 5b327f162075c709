// What tests of sandboxes share: real time, real ids, a data folder of their own, and looks at /proc.
import type { Clock, ExecSpec, Ids, SandboxLimits } from "@/lib/service/ports.ts";
import type { ExecArgs } from "@/lib/protocol/sandbox.ts";

/** Root of the project. */
export const PROJECT = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Compiled code for all tests: made once, by whichever test comes first. */
export const TEMPLATES = `${PROJECT}/.cache/test-templates`;

/** Real time: what is tested here are real processes. */
export const clock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, fn) {
    const timer = setTimeout(fn, ms);
    return () => clearTimeout(timer);
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", abort);
        resolve();
      }, ms);
      const abort = () => {
        clearTimeout(timer);
        reject(signal?.reason);
      };
      signal?.addEventListener("abort", abort, { once: true });
    });
  },
};

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
/** Real ids. */
export const ids: Ids = {
  uuid: () => crypto.randomUUID(),
  token: (characters) =>
    Array.from(crypto.getRandomValues(new Uint8Array(characters)), (byte) => ALPHABET[byte % 64]).join(""),
};

/** A folder that is gone when the block ends. */
export function temporaryFolder(): { path: string } & AsyncDisposable {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "holdfast-" }));
  return {
    path,
    async [Symbol.asyncDispose]() {
      await Deno.remove(path, { recursive: true });
    },
  };
}

/** Limits that no well-behaved block reaches. */
export const LIMITS: SandboxLimits = {
  memory_mb: 512,
  disk_mb: 100,
  files: 5000,
  output_bytes: 10_000_000,
  cpu_s: 60,
};

/** A spec for code, with limits of its own where wanted. */
export function spec(
  args: ExecArgs | string,
  more: Partial<Omit<ExecSpec, "limits">> & Partial<SandboxLimits> = {},
): ExecSpec {
  const { timeout_s = 120, grants = { read: [] }, args: _args, bridge, ...limits } = more;
  return {
    args: typeof args === "string" ? { code: args, language: "ts" } : args,
    limits: { ...LIMITS, ...limits },
    timeout_s,
    grants,
    ...(bridge === undefined ? {} : { bridge }),
  };
}

/** A sink that keeps what it hears. */
export function collector() {
  const lines: { stream: "stdout" | "stderr"; message: string; partial: boolean }[] = [];
  return {
    lines,
    sink: (more: typeof lines) => void lines.push(...more),
    text: (stream: "stdout" | "stderr") => lines.filter((l) => l.stream === stream).map((l) => l.message).join("\n"),
  };
}

/** How much longer a wait may take than on a machine that does nothing else: a bound must tell a broken rule, not load. */
const PATIENCE = 10;

/** Waits until something holds; fails after the deadline, which is that of a machine with nothing else to do. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  deadline_ms: number,
  what: string,
): Promise<number> {
  const since = performance.now();
  while (!await holds()) {
    if (performance.now() - since > deadline_ms * PATIENCE) {
      throw new Error(`${what}: not within ${deadline_ms * PATIENCE} ms`);
    }
    await clock.sleep(5);
  }
  return performance.now() - since;
}

/** Numbers of living processes whose command line or environment names a text. */
export function processesNaming(text: string): number[] {
  const found: number[] = [];
  for (const { name } of Deno.readDirSync("/proc")) {
    const pid = Number(name);
    if (!(pid > 0) || pid === Deno.pid) continue;
    try {
      const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
      if (/\) [ZX] /.test(stat)) continue;
      const said = Deno.readTextFileSync(`/proc/${pid}/cmdline`) + Deno.readTextFileSync(`/proc/${pid}/environ`);
      if (said.includes(text)) found.push(pid);
    } catch {
      continue;
    }
  }
  return found;
}
