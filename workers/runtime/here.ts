// Where the code that calls stands: which run, which scope, inside which step. Known by the async context, never by the
// `ctx` that is held: a function that is handed to two branches says and calls in the branch that runs it.
import { AsyncLocalStorage } from "node:async_hooks";
import type { Leaf, Scope } from "./scope.ts";
import type { Run } from "./run.ts";

/** The place of running code. */
export interface Here {
  readonly run: Run;
  readonly scope: Scope;
  /** The step that runs, inside of which nothing may be called. */
  readonly step: Leaf | null;
}

const storage = new AsyncLocalStorage<Here>();

/** Runs `fn` at a place; everything that it starts stands there too. */
export function at<T>(here: Here, fn: () => T): T {
  return storage.run(here, fn);
}

/** The place of the code that calls, or undefined outside of every run. */
export function where(): Here | undefined {
  return storage.getStore();
}
