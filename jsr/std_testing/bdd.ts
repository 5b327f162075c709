// `describe` and `it` over `Deno.test`: each outermost suite is one test, what is inside is its steps.
//
// A suite is collected while its function runs and registered when the outermost one returns.
//   B1. `beforeAll` runs once before the first test of its suite, `afterAll` once after the last.
//   B2. `beforeEach` of outer suites runs first, `afterEach` of outer suites last.
//   B3. `afterEach` and `afterAll` run also when a test failed.
//   B4. With `only` anywhere in a file, the tests without it do not run.

type Hook = () => void | Promise<void>;
type HookName = "beforeAll" | "beforeEach" | "afterEach" | "afterAll";
type TestFn = (t: Deno.TestContext) => void | Promise<void>;
type Case = { kind: "case"; name: string; fn: TestFn; mode: Mode };
type Suite = {
  kind: "suite";
  name: string;
  items: (Case | Suite)[];
  hooks: Record<HookName, Hook[]>;
  mode: Mode;
};
type Mode = "run" | "only" | "ignore";

/** Declares a test; outside any suite it is a test of its own. */
export interface It {
  (name: string, fn: TestFn): void;
  only(name: string, fn: TestFn): void;
  ignore(name: string, fn: TestFn): void;
  skip(name: string, fn: TestFn): void;
}

/** Declares a suite of tests, which may hold further suites. */
export interface Describe {
  (name: string, fn: () => void): void;
  only(name: string, fn: () => void): void;
  ignore(name: string, fn: () => void): void;
  skip(name: string, fn: () => void): void;
}

let open: Suite | undefined;

function newSuite(name: string, mode: Mode): Suite {
  return {
    kind: "suite",
    name,
    mode,
    items: [],
    hooks: { beforeAll: [], beforeEach: [], afterEach: [], afterAll: [] },
  };
}

function addSuite(name: string, fn: () => void, mode: Mode): void {
  const outer = open;
  const suite = newSuite(name, mode);
  open = suite;
  try {
    const result: unknown = fn();
    if (result instanceof Promise) {
      throw new TypeError(`Cannot describe "${name}": its function must not be async`);
    }
  } finally {
    open = outer;
  }
  if (outer) outer.items.push(suite);
  else register(suite);
}

function addCase(name: string, fn: TestFn, mode: Mode): void {
  const item: Case = { kind: "case", name, fn, mode };
  if (open) open.items.push(item);
  else {Deno.test({
      name,
      fn,
      only: mode === "only",
      ignore: mode === "ignore",
    });}
}

function hasOnly(item: Case | Suite): boolean {
  return item.mode === "only" ||
    (item.kind === "suite" && item.items.some(hasOnly));
}

function register(suite: Suite): void {
  const fn = async (t: Deno.TestContext) => {
    await runSuite(suite, t, {
      around: [],
      all: !hasOnly(suite) || suite.mode === "only",
    });
  };
  Deno.test({
    name: suite.name,
    fn,
    only: hasOnly(suite),
    ignore: suite.mode === "ignore",
  });
}

type Run = { around: Suite[]; all: boolean };

async function runSuite(suite: Suite, t: Deno.TestContext, run: Run): Promise<void> {
  const around = [...run.around, suite];
  const narrowed = suite.items.some(hasOnly);
  try {
    for (const hook of suite.hooks.beforeAll) await hook();
    for (const item of suite.items) {
      const chosen = run.all && !narrowed || hasOnly(item);
      const ignore = item.mode === "ignore" || !chosen;
      const all = item.mode === "only" || (run.all && !narrowed);
      const fn = async (step: Deno.TestContext) => {
        if (item.kind === "suite") await runSuite(item, step, { around, all });
        else await runCase(item, step, around);
      };
      await t.step({ name: item.name, ignore, fn });
    }
  } finally {
    for (const hook of suite.hooks.afterAll) await hook();
  }
}

async function runCase(item: Case, t: Deno.TestContext, around: Suite[]): Promise<void> {
  try {
    for (const suite of around) {
      for (const hook of suite.hooks.beforeEach) await hook();
    }
    await item.fn(t);
  } finally {
    for (const suite of around.toReversed()) {
      for (const hook of suite.hooks.afterEach) {
        await hook();
      }
    }
  }
}

function addHook(name: HookName, hook: Hook): void {
  if (!open) {
    throw new TypeError(`Cannot add ${name}: it belongs inside a describe`);
  }
  open.hooks[name].push(hook);
}

/** Declares a suite; see {@linkcode Describe}. */
export const describe: Describe = Object.assign(
  (name: string, fn: () => void) => addSuite(name, fn, "run"),
  {
    only: (name: string, fn: () => void) => addSuite(name, fn, "only"),
    ignore: (name: string, fn: () => void) => addSuite(name, fn, "ignore"),
    skip: (name: string, fn: () => void) => addSuite(name, fn, "ignore"),
  },
);

/** Declares a test; see {@linkcode It}. */
export const it: It = Object.assign(
  (name: string, fn: TestFn) => addCase(name, fn, "run"),
  {
    only: (name: string, fn: TestFn) => addCase(name, fn, "only"),
    ignore: (name: string, fn: TestFn) => addCase(name, fn, "ignore"),
    skip: (name: string, fn: TestFn) => addCase(name, fn, "ignore"),
  },
);

/** The same as {@linkcode it}. */
export const test: It = it;

/** Runs the function once before the first test of the suite. */
export function beforeAll(fn: Hook): void {
  addHook("beforeAll", fn);
}

/** Runs the function before each test of the suite. */
export function beforeEach(fn: Hook): void {
  addHook("beforeEach", fn);
}

/** Runs the function after each test of the suite. */
export function afterEach(fn: Hook): void {
  addHook("afterEach", fn);
}

/** Runs the function once after the last test of the suite. */
export function afterAll(fn: Hook): void {
  addHook("afterAll", fn);
}
