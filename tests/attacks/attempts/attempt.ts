// What an attack tries, as data: the same tries are run against the exec sandbox alone (tests/attacks) and from runbooks
// through a whole server (tests/e2e).
//
// Many tries go in one block, each caught; the block says what came of each as one line of JSON.

/** What lies around an attacker, as its code sees it in `A`. */
export interface Around {
  /** Folder of secrets outside everything. */
  readonly secrets: string;
  /** The session's own folder as the host sees it, and as the attacker sees it itself. */
  readonly work: string;
  readonly inside: string;
  /** Folder of another session. */
  readonly sibling: string;
  /** Port of somebody who listens. */
  readonly port: number;
  /** Folder of the curated packages, and the program that runs blocks. */
  readonly app: string;
  readonly boot: string;
}

/** One try: what it does, and what must come of it. */
export interface Attempt {
  readonly name: string;
  /** Body of an async function; what it returns counts as got. `A` holds what lies around. */
  readonly code: string;
  /** What must come of it, by level where it differs. */
  readonly expect: RegExp | { readonly limits: RegExp; readonly bwrap: RegExp };
}

/** Tries that belong together. */
export interface Group {
  readonly id: string;
  readonly rule: string;
  readonly attempts: readonly Attempt[];
  /** More than the usual, for tries that need address space (Workers). */
  readonly memory_mb?: number;
}

/** The text of a refusal by Deno's permissions. */
export const REFUSED = /^NotCapable: Requires \w+ access/;

/** A try that Deno's permissions refuse. */
export const refused = (name: string, code: string): Attempt => ({ name, code, expect: REFUSED });

/** A try that they refuse behind an error of Node's own. */
export const refusedByNode = (name: string, code: string): Attempt => ({
  name,
  code,
  expect: /NotCapable|Requires \w+ access/,
});

/** The block that makes all tries. With `rethrow` it ends with the first refusal, as code that catches nothing would. */
export function blockOf(attempts: readonly Attempt[], around: object, { rethrow = false } = {}): string {
  const bodies = attempts.map(({ name, code }) => `
try {
  const value = await (async () => { ${code} })();
  say(${JSON.stringify(name)}, "got: " + (typeof value === "string" ? value : JSON.stringify(value)));
} catch (error) {
  refusal ??= error?.name === "NotCapable" ? error : undefined;
  say(${JSON.stringify(name)}, error?.name + ": " + error?.message);
}`);
  return `const A = ${JSON.stringify(around)};
const outcomes = {};
let refusal;
const say = (name, text) => outcomes[name] = String(text).slice(0, 500);
${bodies.join("\n")}
console.log("\\n" + JSON.stringify(outcomes));
${rethrow ? "if (refusal !== undefined) throw refusal;" : ""}
Deno.exit(0);`;
}

/** The tries of which something else came than must, one line each. */
export function wrongOf(attempts: readonly Attempt[], said: string, level: string): string[] {
  const line = said.trimEnd().split("\n").findLast((one) => one.startsWith("{")) ?? "{}";
  const outcomes: Record<string, string> = JSON.parse(line);
  return attempts.flatMap(({ name, expect }) => {
    const wanted = expect instanceof RegExp ? expect : level === "bwrap" ? expect.bwrap : expect.limits;
    const came = outcomes[name] ?? "nothing";
    return wanted.test(came) ? [] : [`${name}: ${came} (wanted ${wanted})`];
  });
}

/** One block of its own: it catches nothing, or never comes to an end by itself. */
export interface Block {
  readonly code: string;
  /** What a person reads of its end. */
  readonly ends: RegExp;
}
