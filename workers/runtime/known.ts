// Known values: what code may read without an entry, the same in every replay.
//
// Inside a step, and outside of every run, the real ones: a step's result is stored, so nothing depends on them. While a
// workflow's own file is loaded, fixed ones: what it keeps in its module is the same in every replay.
import type { z } from "zod";
import type { Json } from "../../lib/model/json.ts";
import { Failure } from "../sdk/failure.ts";
import { where } from "./here.ts";
import type { Run } from "./run.ts";
import type { Scope } from "./scope.ts";

const real = {
  now: Date.now,
  random: Math.random,
  uuid: crypto.randomUUID.bind(crypto),
};

/** Time and random numbers that are the same in a replay. */
export type Known = Pick<Scope, "now" | "random">;

let loading: Known | null = null;

/** Gives fixed values to everything that runs until `load` has settled: nothing else does while a file is loaded. */
export async function whileLoading<T>(known: Known, load: () => Promise<T>): Promise<T> {
  loading = known;
  try {
    return await load();
  } finally {
    loading = null;
  }
}

/** The journaled values that hold for the code that asks, or null where the real ones do. */
export function journaled(): Known | null {
  const here = where();
  if (here === undefined) return loading;
  return here.step !== null ? null : here.scope;
}

/** ctx.now: the time of the scope's last entry, ms since the epoch. */
export function now(): number {
  return journaled()?.now ?? real.now();
}

/** ctx.random */
export function random(): number {
  return journaled()?.random.next() ?? real.random();
}

/** ctx.uuid */
export function uuid(): string {
  return journaled()?.random.uuid() ?? real.uuid();
}

/** Value of a session variable. Throws Failure `bad_memory` when it does not fit. */
export function recall<S extends z.ZodType>(run: Run, schema: S, key: string): z.output<S> | undefined {
  const value: Json | undefined = run.memory.get(key);
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new Failure("bad_memory", `The variable "${key}" does not fit: ${parsed.error.message}`);
}
