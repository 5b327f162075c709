// Branches: ctx.map and ctx.all, the only places where code runs at once.
//
//   B1. Branches start in the order of their items, at most `limit` at a time; a further one as soon as one has ended.
//   B2. "stop": the first failure drops the others. None of their leaves begins, settles or speaks again.
//   B3. "collect": each branch ends as value or Failure; any other error stops as B2.
import { Failure } from "../sdk/failure.ts";
import type { Branches, BranchOptions, MapOptions, Outcome } from "../sdk/types.ts";
import { caller, checkName, mayAwait, type PlaceInScope, takePlace } from "./call.ts";
import type { Here } from "./here.ts";
import { endScope, inScope, openScope } from "./group.ts";
import { checkArgs } from "./policy.ts";
import { never, type Run } from "./run.ts";
import { isDropped, type Scope } from "./scope.ts";

const DEFAULT_LIMIT = 16;

interface Branch<T> {
  readonly name: string;
  readonly fn: () => T | Promise<T>;
}

/** ctx.map */
export async function map<I, T>(
  id: string,
  items: readonly I[],
  options: MapOptions<I>,
  fn: (item: I, index: number) => T | Promise<T>,
): Promise<T[] | Outcome<T>[]> {
  checkArgs(typeof options?.key === "function", id, "ctx.map needs a key for its items");
  const branches = [...items].map((item, index) => ({ name: options.key(item, index), fn: () => fn(item, index) }));
  return await branchOut("map", id, { branches, options });
}

/** ctx.all */
export async function all(id: string, named: Branches, options: BranchOptions = {}): Promise<Record<string, unknown>> {
  const names = Object.keys(named);
  const branches = names.map((name) => ({ name, fn: async () => await named[name]?.() }));
  const results = await branchOut("all", id, { branches, options });
  return Object.fromEntries(names.map((name, i) => [name, results[i]]));
}

async function branchOut<T>(
  kind: "map" | "all",
  id: string,
  { branches, options }: { branches: Branch<T>[]; options: BranchOptions },
): Promise<T[] | Outcome<T>[]> {
  const { title = id, limit = DEFAULT_LIMIT, errors = "stop" } = options;
  checkName(`ctx.${kind}`, id);
  for (const { name } of branches) checkName(`a branch of ctx.${kind} "${id}"`, name);
  checkArgs(title.length <= 500, id, "its title has at most 500 characters");
  checkArgs(Number.isInteger(limit) && limit >= 1, id, "limit is a whole number from 1");
  checkArgs(errors === "stop" || errors === "collect", id, 'errors is "stop" or "collect"');
  const here = caller(`ctx.${kind}`, id);
  if (here === null || !mayAwait(here, `ctx.${kind}`, id)) return await never();
  const { run, scope: parent } = here;
  const place = takePlace(run, parent, id);
  const scope = openScope(run, parent, { kind, id, title, total: branches.length, place });
  if (scope === null) return await never();
  parent.awaits = scope;
  const pool = new Pool<T>({ ...here, scope }, branches, { limit, errors });
  const outcomes = await pool.run();
  return errors === "collect" ? outcomes : outcomes.flatMap((outcome) => outcome.ok ? [outcome.value] : []);
}

/** The branches of one map or all. */
class Pool<T> {
  readonly #here: Here;
  readonly #branches: Branch<T>[];
  readonly #places: PlaceInScope[];
  readonly #options: { limit: number; errors: "stop" | "collect" };
  readonly #outcomes: Outcome<T>[] = [];
  #next = 0;
  #finished = 0;
  #resolve: (outcomes: Outcome<T>[]) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(here: Here, branches: Branch<T>[], options: { limit: number; errors: "stop" | "collect" }) {
    this.#here = here;
    this.#branches = branches;
    this.#options = options;
    // All places at once: which branch starts when must not change its key.
    this.#places = branches.map(({ name }) => takePlace(here.run, here.scope, name));
  }

  run(): Promise<Outcome<T>[]> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#fill();
    });
  }

  #fill(): void {
    const { run, scope } = this.#here;
    while (scope.state === "live" && run.over === null && scope.branches.size < this.#options.limit) {
      const index = this.#next++;
      const branch = this.#branches[index];
      const place = this.#places[index];
      if (branch === undefined || place === undefined) break;
      if (!this.#start(branch, place, index)) return;
    }
    // Counted here, not by what is live: two branches may end in one turn, and the second must be heard first.
    if (this.#finished < this.#branches.length || scope.state !== "live") return;
    if (endScope(run, scope, { status: "done" })) this.#resolve(this.#outcomes);
  }

  #start(branch: Branch<T>, place: PlaceInScope, index: number): boolean {
    const { run, scope } = this.#here;
    const { name } = branch;
    const own = openScope(run, scope, { kind: "branch", id: name, title: name, place });
    if (own === null) return false;
    scope.branches.add(own);
    inScope({ ...this.#here, scope: own }, branch.fn).then(
      (value) => this.#ended(index, { ok: true, value }),
      (error) => this.#threw(index, error),
    );
    return true;
  }

  #ended(index: number, outcome: Outcome<T>): void {
    if (isDropped(this.#here.scope)) return;
    this.#outcomes[index] = outcome;
    this.#finished++;
    this.#fill();
  }

  #threw(index: number, error: unknown): void {
    const { run, scope } = this.#here;
    if (run.over !== null || scope.state !== "live" || isDropped(scope)) return;
    if (this.#options.errors === "collect" && error instanceof Failure) {
      return this.#ended(index, { ok: false, failure: error });
    }
    for (const branch of [...scope.branches]) drop(run, branch);
    if (endScope(run, scope, { status: "failed", error })) this.#reject(error);
  }
}

/** Drops a branch and all that is live in it, the innermost first. */
function drop(run: Run, branch: Scope): void {
  for (const scope of run.scopes.values()) {
    if (scope.parent === branch && scope.state === "live") drop(run, scope);
  }
  branch.state = "dropped";
  branch.parent?.branches.delete(branch);
  const cancelled = dropLeaves(run, branch);
  if (branch.stored !== null && branch.stored.status !== "open") return;
  const dropped = cancelled.length === 0 ? {} : { dropped: cancelled };
  run.outbox.send({ type: "scope_end", key: branch.key, status: "dropped", ...dropped });
}

/** Drops the leaves of a scope that have not settled; keys of those that the host knows as open. */
function dropLeaves(run: Run, scope: Scope): string[] {
  const unsettled = [...run.leaves.values()].filter((leaf) => leaf.scope === scope && leaf.state !== "settled");
  const withdrawn = run.outbox.withdraw(new Set(unsettled.map((leaf) => leaf.key)));
  const open: string[] = [];
  for (const leaf of unsettled) {
    const began = leaf.state !== "called" && !withdrawn.has(leaf.key);
    if (began || run.journal.entry(leaf.key)?.status === "open") open.push(leaf.key);
    leaf.state = "dropped";
    leaf.abort?.();
    leaf.abort = null;
    run.onTheWay.delete(leaf);
  }
  return open;
}
