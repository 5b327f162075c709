// Runs in a sandbox of its own, as the module of a `ctx.exec`: it may import the curated packages, and reads a table of
// the session, or one of `vega-datasets` where the session has none of this name.
// @ts-ignore -- a package of the exec sandbox, which is no dependency of the server
import { mean } from "simple-statistics";

/** Means of all columns that hold numbers only. */
export default async function measure({ table }: { table: string }) {
  const [head = "", ...lines] = (await text(table)).trim().split("\n");
  const rows = lines.map((line) => line.trim().split(","));
  const columns = head.trim().split(",").map((name, at) => ({ name, values: rows.map((row) => Number(row[at])) }));
  const numeric = columns.filter(({ values }) => values.length > 0 && values.every(Number.isFinite));
  return {
    table,
    rows: rows.length,
    means: Object.fromEntries(numeric.map(({ name, values }) => [name, mean(values)])),
  };
}

async function text(table: string): Promise<string> {
  try {
    return await Deno.readTextFile(table);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const url = new URL(`../data/${table}`, import.meta.resolve("vega-datasets")).href;
    const { default: csv } = await import(url, { with: { type: "text" } });
    return csv;
  }
}
