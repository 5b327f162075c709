// The architecture, read from the source: who may import whom, how large files and functions may be, and what may be
// used in one module only. Parses with Deno's own lint plugin API, so it sees what the linter sees.
import { assert, assertEquals } from "@std/assert";
import { namedInTests, rulesOfSpec, rulesOfTests } from "./support/rules.ts";
import { readSource, sources } from "./support/source_tree.ts";
import { DOORS_OF_THE_WORLD, importBreaches, layerOf } from "./support/architecture.ts";

const FILE_LINES = 400;
const FUNCTION_LINES = 60;
const files = await sources();

Deno.test("[ARCH1] every file has at most 400 lines", async () => {
  const long: string[] = [];
  for (const path of files) {
    const lines = (await readSource(path)).split("\n").length - 1;
    if (lines > FILE_LINES) long.push(`${path}: ${lines}`);
  }
  assertEquals(long, []);
});

/** Collects what a visitor reports for one file. */
function inspect(path: string, source: string, create: (report: (text: string) => void) => Deno.lint.LintVisitor) {
  const found: string[] = [];
  const rule = { create: () => create((text) => found.push(`${path}: ${text}`)) };
  Deno.lint.runPlugin({ name: "architecture", rules: { rule } }, path, source);
  return found;
}

/** Tells whether a node stands outside every function: what runs when the module is only imported. */
function atTopLevel(node: { parent?: unknown; type: string }): boolean {
  for (let at: { parent?: unknown; type: string } | undefined = node; at; at = at.parent as typeof at) {
    if (/Function|MethodDefinition|PropertyDefinition/.test(at.type)) return false;
  }
  return true;
}

const linesOf = (source: string, node: { range: [number, number] }) =>
  source.slice(node.range[0], node.range[1]).split("\n").length;

Deno.test("[ARCH2] every function has at most 60 lines", async () => {
  const long: string[] = [];
  for (const path of files.filter((path) => !path.startsWith("tests/") && !path.startsWith("bench/"))) {
    const source = await readSource(path);
    long.push(...inspect(path, source, (report) => {
      const check = (node: Deno.lint.Node) => {
        const lines = linesOf(source, node);
        if (lines > FUNCTION_LINES) {
          report(`a function of ${lines} lines at line ${source.slice(0, node.range[0]).split("\n").length}`);
        }
      };
      return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
    }));
  }
  assertEquals(long, []);
});

Deno.test("[ARCH3] imports go one way", async () => {
  const breaches: string[] = [];
  for (const path of files) breaches.push(...importBreaches(path, await readSource(path)));
  assertEquals(breaches, []);
});

Deno.test("[ARCH4] console, Date.now, Deno.env and Deno.openKv stand in their one module only", async () => {
  const found: string[] = [];
  for (const path of files.filter((path) => layerOf(path) !== "tests" && !path.startsWith("jsr/"))) {
    const source = await readSource(path);
    const allowed = (what: string) =>
      (DOORS_OF_THE_WORLD[what] ?? []).some((place) => path === place || path.startsWith(place));
    found.push(...inspect(path, source, (report) => ({
      MemberExpression(node) {
        const text = source.slice(node.range[0], node.range[1]);
        for (const what of Object.keys(DOORS_OF_THE_WORLD)) {
          const hit = what === "console" ? /^console\.\w+$/.test(text) : text === what;
          if (hit && !allowed(what)) report(`uses ${text}`);
        }
      },
    })));
  }
  assertEquals(found, []);
});

Deno.test("[ARCH5] importing a module does nothing: no I/O and no await at top level", async () => {
  const found: string[] = [];
  const entries = new Set(["serve.ts", "dev.ts", "lib/cli/main.ts", "workers/main.ts", "workers/exec/boot.ts"]);
  const pure = files.filter((path) => /^(lib|workers|routes|islands)\/|^main\.ts$/.test(path) && !entries.has(path));
  for (const path of pure) {
    const source = await readSource(path);
    found.push(...inspect(path, source, (report) => ({
      AwaitExpression: (node) => atTopLevel(node) && report("awaits at top level"),
      CallExpression(node) {
        const callee = source.slice(node.callee.range[0], node.callee.range[1]);
        const effect = /^(Deno\.(?!lint)|fetch$|setTimeout$|setInterval$)/.test(callee);
        if (effect && atTopLevel(node)) report(`calls ${callee} at top level`);
      },
    })));
  }
  assertEquals(found, []);
});

Deno.test("[ARCH6] one Deno version is pinned and every place that names it agrees", async () => {
  const pinned = (await readSource(".deno-version")).trim();
  const named = new Set<string>();
  for (const path of ["README.md", ".ci/run", "CONTRIBUTING.md", "docs/operations.md"]) {
    for (const match of (await readSource(path)).matchAll(/deno@(\d+\.\d+\.\d+)/g)) named.add(match[1] ?? "");
  }
  assertEquals([...named], [pinned]);
});

Deno.test("[ARCH7] every rule that a test names is listed once in tests/SPEC, and every one listed has a test", async () => {
  const [named, known, { listed }] = await Promise.all([namedInTests(), rulesOfTests(), rulesOfSpec()]);
  const unlisted = [...named].filter(([id]) => !listed.has(id)).map(([id, where]) => `${id}: ${[...where].join()}`);
  assertEquals(unlisted, [], "named by a test and not listed");
  const untested = [...listed].filter(([id]) => !known.has(id)).map(([id, where]) => `${id}: ${[...where].join()}`);
  assertEquals(untested, [], "listed and not named by a test");
  const twice = [...listed].filter(([, where]) => where.size > 1).map(([id, where]) => `${id}: ${[...where].join()}`);
  assertEquals(twice, [], "one id for two rules");
});

Deno.test("[ARCH8] each sentence of the design names tests that there are, and a file in which they stand", async () => {
  const [known, { design }] = await Promise.all([rulesOfTests(), rulesOfSpec()]);
  const wrong: string[] = [];
  for (const { rule, ids, files, line } of design) {
    const at = `design.md:${line} "${rule.slice(0, 60)}"`;
    if (ids.length === 0) wrong.push(`${at} names no test`);
    for (const id of ids) {
      const where = known.get(id);
      if (where === undefined) wrong.push(`${at}: there is no test ${id}`);
      else if (!files.some((file) => [...where].some((path) => path.startsWith(`tests/${file}`)))) {
        wrong.push(`${at}: ${id} stands in ${[...where].join()}`);
      }
    }
  }
  assertEquals(wrong, []);
  assert(design.length >= 100, `${design.length} sentences`);
});
