// What was killed where, counted.
import { type Kind, type Phase, PHASES } from "./points.ts";

/** One kill that happened. */
export interface Kill {
  readonly kind: Kind;
  readonly phase: Phase;
  /** At a place that was planned; else at a time. */
  readonly named: boolean;
}

/** The table of kills by phase. */
export function tallyText(kills: readonly Kill[]): string[] {
  const row = (name: string, of: readonly Kill[]) => {
    const count = (kind: Kind) => `${of.filter((kill) => kill.kind === kind).length}`.padStart(8);
    const share = kills.length === 0 ? 0 : 100 * of.length / kills.length;
    const named = of.filter((kill) => kill.named).length;
    return `${name.padEnd(28)}${count("server")}${count("sandbox")}${count("socket")}${`${named}`.padStart(10)}${
      share.toFixed(1).padStart(8)
    } %`;
  };
  return [
    `${"killed".padEnd(28)}${"server".padStart(8)}${"sandbox".padStart(8)}${"socket".padStart(8)}${
      "at a place".padStart(12)
    }`,
    ...PHASES.map((phase) => row(phase, kills.filter((kill) => kill.phase === phase))),
    row("all", kills),
  ];
}
