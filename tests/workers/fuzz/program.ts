// Random programs: trees of leaves, scopes, said lines and shared variables, made from a seed.
//
// A `shared` program lets branches see what the others did, and in which order. A `foreign` one awaits things that are
// not leaves, at any speed: there the order of branches is open, so nothing of it depends on another branch.
import { Rng } from "./rng.ts";

export type Node =
  | { do: "leaf"; kind: "step" | "model" | "exec" | "tool"; name: string; fails: number; attempts: number }
  | { do: "wait"; kind: "approve" | "ask" | "message" | "sleep"; name: string }
  | { do: "open"; name: string; between: Node[] }
  | { do: "say"; how: "emit" | "print" | "skip"; times: number }
  | { do: "remember"; key: string }
  | { do: "known" }
  | { do: "win"; body: Node[] }
  | { do: "parity"; even: Node[]; odd: Node[] }
  | { do: "caught"; body: Node[] }
  | { do: "throw"; code: string }
  | { do: "foreign" }
  | { do: "group"; id: string; body: Node[] }
  | { do: "retry"; id: string; fails: number; body: Node[] }
  | { do: "map"; id: string; items: number; limit: number; errors: "stop" | "collect"; body: Node[]; last: Node[] }
  | { do: "all"; id: string; errors: "stop" | "collect"; branches: Node[][] };

export interface Program {
  seed: number;
  foreign: boolean;
  body: Node[];
}

/** Few names, so that they come again in one scope and in others. */
const NAMES = ["a", "b", "c/d", "e#2", "long".repeat(30)];
const WEIGHTS = {
  leaf: 10,
  wait: 3,
  open: 1,
  say: 4,
  remember: 1,
  known: 1,
  win: 1,
  parity: 2,
  caught: 2,
  throw: 0.6,
  foreign: 0,
  group: 2,
  retry: 1,
  map: 2.5,
  all: 1.5,
};
/** Branches that fail while others work: what is dropped must not begin again. */
const BRANCHY = { ...WEIGHTS, map: 9, all: 6, throw: 0.2 };
const FOREIGN = { ...WEIGHTS, win: 0, parity: 0, remember: 0, throw: 0, foreign: 4 };

class Maker {
  budget: number;
  readonly branchy: boolean;
  constructor(readonly rng: Rng, readonly isForeign: boolean) {
    this.branchy = rng.chance(0.4);
    this.budget = rng.int(5, 60);
  }

  body(depth: number): Node[] {
    const nodes: Node[] = [];
    for (let i = this.rng.int(1, 4); i > 0 && this.budget > 0; i--) nodes.push(this.node(depth));
    return nodes;
  }

  node(depth: number): Node {
    this.budget--;
    const flat = { map: 0, all: 0, group: 0, retry: 0, win: 0, parity: 0, caught: 0, open: 0 };
    const weights = this.isForeign ? FOREIGN : this.branchy ? BRANCHY : WEIGHTS;
    const kind = this.rng.weighted(depth <= 0 ? { ...weights, ...flat } : weights);
    return this[kind](depth - 1);
  }

  name = () => this.rng.pick(NAMES);
  errors = () => this.rng.chance(this.branchy ? 0.85 : 0.5) && !this.isForeign ? "stop" as const : "collect" as const;

  leaf = (): Node => {
    const attempts = this.rng.pick([1, 1, 1, 2, 3]);
    // A foreign program never fails for good: which branch fails first would be open.
    const fails = this.rng.chance(this.branchy ? 0.6 : 0.75) ? 0 : this.rng.int(1, this.isForeign ? attempts - 1 : 3);
    const kind = this.rng.pick(["step", "step", "model", "exec", "tool"] as const);
    return { do: "leaf", kind, name: this.name(), fails: Math.max(0, fails), attempts };
  };
  wait = (): Node => ({
    do: "wait",
    kind: this.rng.pick(["approve", "ask", "message", "sleep"]),
    name: this.name(),
  });
  open = (depth: number): Node => ({ do: "open", name: this.name(), between: this.body(depth) });
  say = (): Node => ({ do: "say", how: this.rng.pick(["emit", "print", "skip"]), times: this.rng.int(1, 3) });
  remember = (): Node => ({ do: "remember", key: this.rng.pick(["x", "y"]) });
  known = (): Node => ({ do: "known" });
  win = (depth: number): Node => ({ do: "win", body: this.body(depth) });
  parity = (depth: number): Node => ({ do: "parity", even: this.body(depth), odd: this.body(depth) });
  caught = (depth: number): Node => ({ do: "caught", body: this.body(depth) });
  throw = (): Node => ({ do: "throw", code: this.rng.pick(["x", "y"]) });
  foreign = (): Node => ({ do: "foreign" });
  group = (depth: number): Node => ({ do: "group", id: this.name(), body: this.body(depth) });
  retry = (depth: number): Node => ({
    do: "retry",
    id: this.name(),
    fails: this.rng.int(0, 2),
    body: this.body(depth),
  });
  map = (depth: number): Node => ({
    do: "map",
    id: this.name(),
    items: this.rng.int(0, 5),
    limit: this.rng.int(1, 4),
    errors: this.errors(),
    body: this.body(depth),
    last: this.body(depth),
  });
  all = (depth: number): Node => ({
    do: "all",
    id: this.name(),
    errors: this.errors(),
    branches: Array.from({ length: this.rng.int(1, 3) }, () => this.body(depth)),
  });
}

/** The program of a seed. */
export function programOf(seed: number): Program {
  const rng = new Rng(seed);
  const foreign = rng.chance(0.25);
  const maker = new Maker(rng, foreign);
  const body: Node[] = [];
  // Most failures are caught at the top, so that programs go on.
  while (maker.budget > 0 && body.length < 8) {
    const part = maker.body(4);
    if (rng.chance(0.9)) body.push({ do: "caught", body: part });
    else body.push(...part);
  }
  return { seed, foreign, body };
}
