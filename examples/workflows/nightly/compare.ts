// What is compared between two nights, and how it reads. Pure: the same numbers give the same report.
import { z } from "@holdfast/sdk";

/** The means of one table, by column. */
export const Measured = z.strictObject({
  table: z.string(),
  rows: z.int(),
  means: z.record(z.string(), z.number()),
});
export type Measured = z.infer<typeof Measured>;

/** A mean that is another than the night before. */
export interface Moved {
  table: string;
  column: string;
  before: number;
  now: number;
}

/** Means that moved by more than a share of what they were. */
export function changes(before: readonly Measured[], now: readonly Measured[], threshold: number): Moved[] {
  return now.flatMap(({ table, means }) => {
    const old = before.find((one) => one.table === table)?.means ?? {};
    return Object.entries(means).flatMap(([column, mean]) => {
      const was = old[column];
      if (was === undefined || Math.abs(mean - was) <= threshold * Math.abs(was)) return [];
      return [{ table, column, before: was, now: mean }];
    });
  });
}

/** The report as Markdown. */
export function reportText(
  parts: { night: number; recipient: string; measured: Measured[]; moved: Moved[]; failed: string[] },
): string {
  const number = (value: number) => value.toFixed(2);
  return [
    `# Night ${parts.night}`,
    `For ${parts.recipient}.`,
    ...parts.moved.map(({ table, column, before, now }) =>
      `- **${table}**: ${column} moved from ${number(before)} to ${number(now)}`
    ),
    ...parts.failed.map((message) => `- not measured: ${message}`),
    "",
    "| table | rows | means |",
    "| --- | --- | --- |",
    ...parts.measured.map(({ table, rows, means }) =>
      `| ${table} | ${rows} | ${
        Object.entries(means).map(([column, mean]) => `${column} ${number(mean)}`).join(", ")
      } |`
    ),
    "",
  ].join("\n");
}
