// What a benchmark reports, and the percentiles that all of them use.

/** One figure beside the raw limit of the same run; `ratio` is figure / raw for rates, raw / figure for times. */
export interface Figure {
  figure: string;
  value: number;
  unit: "per_s" | "ms" | "MB" | "processes";
  p50_ms?: number;
  p99_ms?: number;
  samples: number;
  raw: { name: string; value: number };
  ratio: number;
  /** Where the time of a typical sample went. */
  profile?: Record<string, number>;
}
/** A benchmark. */
export type Case = () => Promise<Figure[]>;

/** The value below which a share of the samples lies. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = [...samples].sort((a, b) => a - b);
  return round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN);
}

/** The middle of the samples. */
export const median = (samples: readonly number[]): number => percentile(samples, 0.5);

/** Three significant figures. */
export const round = (value: number): number => Number(value.toPrecision(3));

/** Runs `job` `count` times, `inflight` at once; gives the milliseconds of each and the seconds in all. */
export async function load(count: number, inflight: number, job: (i: number) => Promise<void>) {
  const times: number[] = [];
  let next = 0;
  const started = performance.now();
  await Promise.all(Array.from({ length: inflight }, async () => {
    while (next < count) {
      const i = next++, began = performance.now();
      await job(i);
      times.push(performance.now() - began);
    }
  }));
  return { times, seconds: (performance.now() - started) / 1000 };
}
