// The suites of the test command: what each runs, and how its tests are counted.

/** How many tests passed and failed. */
export interface Counted {
  passed: number;
  failed: number;
}
/** One suite: a deno command and a reader of its output. */
export interface Suite {
  name: string;
  args: string[];
  env?: Record<string, string>;
  /** "everything": the built app, Chromium, the exec sandbox's packages. */
  needs: "nothing" | "everything";
  count(output: string, code: number): Counted;
}

/** A command that is one test: it exits with 0 or not. */
const single = (_output: string, code: number): Counted =>
  code === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };

/** Reads the closing line of deno test; a run without one, or with exit code and no failed test, is a failure. */
export function counted(output: string, code: number): Counted {
  const last = [...output.matchAll(/^(?:ok|FAILED) \| (\d+) passed.*?\| (\d+) failed/gm)].at(-1);
  if (last === undefined) return { passed: 0, failed: 1 };
  const failed = Number(last[2]);
  return { passed: Number(last[1]), failed: code !== 0 && failed === 0 ? 1 : failed };
}

/** The watchdog of sandboxes reads /proc, which Deno gives only to a process that has every right. */
const EVERYTHING = ["--allow-all"];
const UNIT_RIGHTS = [
  "--allow-read",
  "--allow-write",
  "--allow-env",
  "--allow-run",
  "--allow-sys",
  "--allow-net=127.0.0.1,localhost,[::1],0.0.0.0",
];
const tests = (name: string, paths: string[], options: { parallel?: boolean; needs?: Suite["needs"] } = {}): Suite => ({
  name,
  args: [
    "test",
    "--no-check",
    "--quiet",
    ...(options.needs === "everything" ? EVERYTHING : UNIT_RIGHTS),
    ...(options.parallel ? ["--parallel"] : []),
    ...paths,
  ],
  env: { DENO_JOBS: "2" },
  needs: options.needs ?? "nothing",
  count: counted,
});

/** The folders of the unit suite: everything that needs neither a built app nor a browser. */
const UNIT = [
  "config_test.ts",
  "log_test.ts",
  "model",
  "protocol",
  "engine",
  "store",
  "service",
  "http",
  "live",
  "llm",
  "workers",
  "client",
  "ui",
  "cli",
];
const exists = (path: string) => {
  try {
    Deno.statSync(new URL(`../../${path}`, import.meta.url));
    return true;
  } catch {
    return false;
  }
};
const present = (paths: string[]) => paths.filter(exists);

/** A command that passes or fails as a whole. */
const command = (name: string, args: string[]): Suite => ({ name, args, needs: "nothing", count: single });

/** All suites in the order in which they run. */
export const SUITES: readonly Suite[] = [
  command("format", ["fmt", "--check", "--quiet"]),
  command("lint", ["lint", "--quiet"]),
  command("types", ["check", "--quiet", "."]),
  tests("architecture", ["tests/architecture_test.ts"]),
  tests("unit", [...present(UNIT.map((part) => `tests/${part}`)), "examples"], { parallel: true }),
  tests("stand-ins", ["tests/jsr"], { needs: "everything" }),
  tests("sandbox", present(["tests/sandbox", "tests/attacks"]), { needs: "everything" }),
  tests("e2e", present(["tests/e2e"]), { needs: "everything" }),
  tests("chaos", ["tests/chaos"], { needs: "everything" }),
];
