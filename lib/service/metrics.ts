// Numbers of this instance as Prometheus text. Counters count since the start of the process.

/** A number with its name; counters only go up. */
export interface Metric {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge";
  readonly values: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** Counters of the service. */
export class Counters {
  #commits = 0;
  #events = 0;
  #bytes = 0;
  readonly #ended = new Map<string, number>();

  /** Counts one commit. */
  committed(commit: { first_seq: number; last_seq: number; lines: Uint8Array }): void {
    this.#commits++;
    this.#events += Math.max(0, commit.last_seq - commit.first_seq + 1);
    this.#bytes += commit.lines.length;
  }

  /** Counts the end of a run. */
  ended(status: string): void {
    this.#ended.set(status, (this.#ended.get(status) ?? 0) + 1);
  }

  metrics(): Metric[] {
    const counter = (name: string, help: string, value: number): Metric => ({
      name,
      help,
      type: "counter",
      values: [{ value }],
    });
    return [
      counter("holdfast_commits_total", "Commits of sessions", this.#commits),
      counter("holdfast_events_total", "Events committed", this.#events),
      counter("holdfast_event_bytes_total", "Bytes of event lines committed", this.#bytes),
      {
        name: "holdfast_runs_ended_total",
        help: "Runs that ended here, by status",
        type: "counter",
        values: [...this.#ended].map(([status, value]) => ({ labels: { status }, value })),
      },
    ];
  }
}

/** Writes numbers as Prometheus text, version 0.0.4. */
export function prometheusText(metrics: readonly Metric[]): string {
  return metrics.map(({ name, help, type, values }) =>
    `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n` +
    values.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}\n`).join("")
  ).join("");
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escapeLabel = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
