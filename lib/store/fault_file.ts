// Faults that are armed while the process lives: `HOLDFAST_FAULT=@FILE`, for tests only.
//
//   FP5. What FILE holds is armed at the start and again at each SIGUSR2, in the place of what was armed before: passes
//        count from then. So a test can choose where a server dies that has served for a while.
import { armFaults } from "./fault_point.ts";

/** Arms what a setting says, or what the file that it names says now and later. Throws AppError `invalid`. */
export function followFaults(setting: string): void {
  if (!setting.startsWith("@")) return armFaults(setting);
  const arm = () => armFaults(Deno.readTextFileSync(setting.slice(1)));
  arm();
  Deno.addSignalListener("SIGUSR2", arm);
}
