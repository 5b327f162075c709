// The limits of one run, made of settings and of what it has used up.
import type { RunRecord } from "../model/run.ts";
import type { RunCore } from "./core.ts";
import type { SandboxLimits } from "./ports.ts";

/** Most files of a session. */
export const MAX_FILES = 5_000;
const MB = 1024 * 1024;

/** Milliseconds that a run may still execute; waiting is not counted. */
export function timeLeftMs(run: RunRecord, core: Pick<RunCore, "settings" | "clock">): number {
  const given = run.config["runTimeout"];
  const limit_s = typeof given === "number" ? given : core.settings.run_timeout_s;
  const stretch = run.status === "running" ? Math.max(0, core.clock.now() - Date.parse(run.running_since)) : 0;
  return Math.max(0, limit_s * 1000 - run.executed_ms - stretch);
}

/** Limits of the next sandbox or exec of a run. */
export function limitsOf(run: RunRecord, core: Pick<RunCore, "settings" | "clock" | "config">): SandboxLimits {
  return {
    memory_mb: core.config.memory_mb,
    disk_mb: core.config.disk_mb,
    files: MAX_FILES,
    // At least one byte, so that the port never reads 0 as no limit; the engine ends the run at the next line.
    output_bytes: Math.max(1, core.config.output_mb * MB - run.output_bytes),
    cpu_s: Math.max(1, Math.ceil(timeLeftMs(run, core) / 1000)),
  };
}
