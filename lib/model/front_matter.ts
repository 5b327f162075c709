// The front matter of a runbook: the lines between two `---` at its very top.
//
// A small, exact part of YAML: `key: value`, `key: [a, b]`, a list of `- item` lines, one level of keys below `grants`.
// What it does not know is a problem with its line, never ignored: a wrong `timeout` must not run for an hour.
import * as z from "zod";

/** The front matter of a runbook. Seconds. */
export const FrontMatter = z.strictObject({
  title: z.string().min(1).max(200).optional(),
  /** Files that must lie in the session's folder before the first step. */
  inputs: z.array(z.string().min(1).max(200)).max(100).default([]),
  /** What the runbook's blocks need to reach beyond the folder. */
  grants: z.strictObject({
    read: z.array(z.string().min(1).max(1000)).max(50).default([]),
    net: z.array(z.string().min(1).max(300)).max(50).default([]),
  }).default({ read: [], net: [] }),
  /** Time for one block. */
  timeout: z.number().positive().max(86_400).optional(),
  /** Times that a failing block is run at most. */
  attempts: z.int().min(1).max(100).default(1),
});
/** The front matter of a runbook. */
export type FrontMatter = z.infer<typeof FrontMatter>;

/** A thing in a runbook that cannot be followed, and the line where it stands (from 1). */
export interface Problem {
  line: number;
  message: string;
}
/** The front matter, where the text after it begins (index of a line), and what could not be read. */
export interface FrontRead {
  front: FrontMatter;
  next: number;
  problems: Problem[];
}

const NONE: FrontMatter = FrontMatter.parse({});

function unquote(text: string): string {
  const quoted = /^"(.*)"$|^'(.*)'$/.exec(text);
  return quoted ? quoted[1] ?? quoted[2] ?? "" : text;
}

function withoutComment(text: string): string {
  return /^["']/.test(text) ? text : text.replace(/(^|\s)#.*$/, "").trim();
}

function value(text: string): string | number | string[] {
  const plain = withoutComment(text.trim());
  const list = /^\[(.*)\]$/.exec(plain);
  if (list) return (list[1] ?? "").split(",").map((item) => unquote(item.trim())).filter((item) => item !== "");
  if (/^-?\d+(\.\d+)?$/.test(plain)) return Number(plain);
  return unquote(plain);
}

type Tree = Record<string, unknown>;

/** Reads the lines between the marks; a line that is none of the known forms is a problem. */
function readLines(lines: readonly string[], problems: Problem[]): { tree: Tree; at: Map<string, number> } {
  // Without a prototype, so that a key named __proto__ is a key like any other.
  const tree: Tree = Object.create(null);
  const at = new Map<string, number>();
  let key = "";
  let list: string[] | undefined;
  let below: Tree | undefined;
  lines.forEach((raw, index) => {
    const line = index + 2;
    const text = raw.trimEnd();
    if (text.trim() === "" || text.trimStart().startsWith("#")) return;
    const item = /^\s*-\s+(.+)$/.exec(text);
    if (item && list) {
      list.push(unquote(withoutComment((item[1] ?? "").trim())));
      return;
    }
    const pair = /^(\s*)([A-Za-z_]+)\s*:(?:\s+(.*))?$/.exec(text);
    if (!pair) {
      problems.push({ line, message: `Cannot read "${text.trim().slice(0, 80)}" in the front matter` });
      return;
    }
    const nested = pair[1] !== "" && key === "grants";
    const name = pair[2] ?? "";
    const given = pair[3]?.trim() ?? "";
    const into: Tree = nested ? below ??= Object.create(null) as Tree : tree;
    if (nested) tree.grants = into;
    else {
      key = name;
      below = undefined;
    }
    if (name in into && into !== tree || (into === tree && at.has(name))) {
      problems.push({ line, message: `"${name}" stands twice in the front matter` });
    }
    at.set(nested ? `grants.${name}` : name, line);
    list = given === "" && name !== "grants" ? [] : undefined;
    into[name] = list ?? (name === "grants" && given === "" ? {} : value(given));
  });
  return { tree, at };
}

/** Lets a single name stand for a list of one, and a number for a title. */
function lenient(tree: Tree): Tree {
  const listed = (v: unknown) => typeof v === "string" && v !== "" ? [v] : v;
  const grants = tree.grants;
  return {
    ...tree,
    ...("title" in tree && typeof tree.title === "number" ? { title: String(tree.title) } : {}),
    ...("inputs" in tree ? { inputs: listed(tree.inputs) } : {}),
    ...(grants !== null && typeof grants === "object"
      ? { grants: Object.fromEntries(Object.entries(grants).map(([k, v]) => [k, listed(v)])) }
      : {}),
  };
}

/** Reads the front matter at the top of a text's lines; without one, the defaults. */
export function readFrontMatter(lines: readonly string[]): FrontRead {
  if (lines[0]?.trimEnd() !== "---") return { front: NONE, next: 0, problems: [] };
  const end = lines.findIndex((line, index) => index > 0 && line.trimEnd() === "---");
  // A lone `---` is a rule of Markdown, so prose may begin with it.
  if (end < 0) return { front: NONE, next: 0, problems: [] };
  const problems: Problem[] = [];
  const { tree, at } = readLines(lines.slice(1, end), problems);
  const parsed = FrontMatter.safeParse(lenient(tree));
  if (parsed.success) return { front: parsed.data, next: end + 1, problems };
  for (const issue of parsed.error.issues) {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys : [];
    const path = [...issue.path.map(String), ...unknown.slice(0, 1)];
    const name = path.filter((part) => !/^\d+$/.test(part)).join(".");
    const line = at.get(name) ?? at.get(path[0] ?? "") ?? 1;
    const what = unknown.length > 0
      ? `Unknown key "${name}" in the front matter (known: ${Object.keys(FrontMatter.shape).join(", ")})`
      : `"${name}" in the front matter: ${issue.message}`;
    problems.push({ line, message: what });
  }
  return { front: NONE, next: end + 1, problems };
}
