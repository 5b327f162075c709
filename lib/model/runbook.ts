// A runbook: a task in Markdown that says itself what is to be run, step by step.
//
// Pure and deterministic: the same text is always the same steps with the same ids.
//   R1. Steps are the `##` headings in order; without any, the items of the first numbered list; else the whole text.
//   R2. A ts or js fence is code; `json input=` and `csv input=` fences are files for the next code of their step.
//   R3. `> approve:` and `> ask:` stand at their place among the code. An approve after the last code of a step is asked
//       before the next step.
//   R4. What cannot be followed is a problem with its line; nothing is dropped in silence.
// Leaves to lib/llm/runbook: how steps become the turns of a model.
import { type FrontMatter, type Problem, readFrontMatter } from "./front_matter.ts";
import { type Piece, pieces } from "./markdown_lines.ts";

/** One thing that a step does. */
export type RunbookItem =
  /** Code with the files to write before it; empty code when the step only writes files. */
  | { kind: "code"; language: "ts" | "js"; code: string; files: Record<string, string>; line: number }
  | { kind: "approve"; why: string; line: number }
  | { kind: "ask"; question: string; line: number };

/** One step of a runbook. */
export interface RunbookStep {
  id: string;
  title: string;
  /** Its prose, in Markdown. */
  prose: string;
  items: RunbookItem[];
}

/** A task, read. */
export interface Runbook {
  title: string;
  front: FrontMatter;
  /** Prose before the first step. */
  about: string;
  /** At least one. */
  steps: RunbookStep[];
  problems: Problem[];
}

/** Most steps that a plan may hold. */
const MAX_STEPS = 50;
const CODE: Record<string, "ts" | "js"> = { ts: "ts", typescript: "ts", js: "js", javascript: "js" };
/** Names that the runbook cannot write: the answers of people, and Holdfast's own folder. */
const RESERVED = /^(answers\.json|\.holdfast(\/.*)?)$/i;

interface Section {
  title: string;
  pieces: Piece[];
}

function cut(text: string, most: number): string {
  return text.length <= most ? text : text.slice(0, most - 1) + "…";
}

/** The pieces before the first step, and the steps. */
function sections(all: readonly Piece[]): { before: Piece[]; steps: Section[] } {
  const byHeading = all.some((p) => p.type === "heading" && p.level === 2);
  const before: Piece[] = [];
  const steps: Section[] = [];
  let last: Extract<Piece, { type: "item" }> | undefined;
  // The items of the same list: the next number, at about the same indentation (a nested list counts anew).
  const goesOn = (item: Extract<Piece, { type: "item" }>) =>
    !last || (item.number === last.number + 1 && item.indent < last.indent + 2);
  for (const piece of all) {
    if (byHeading && piece.type === "heading" && piece.level === 2) {
      steps.push({ title: piece.text || "Step", pieces: [] });
    } else if (!byHeading && piece.type === "item" && goesOn(piece)) {
      last = piece;
      steps.push({ title: piece.text, pieces: [] });
    } else (steps.at(-1)?.pieces ?? before).push(piece);
  }
  return { before, steps };
}

/** Says why a path may not be written, or nothing. */
function badPath(path: string): string | undefined {
  if (path === "" || path.length > 200) return "a file name has 1 to 200 characters";
  if (path.startsWith("/") || path.includes("\\") || /^[A-Za-z]:/.test(path)) return "it must lie in the folder";
  if (path.split("/").some((part) => part === "" || part === "." || part === "..")) return "it must lie in the folder";
  if ([...path].some((c) => c < " ")) return "it holds a control character";
  if (RESERVED.test(path)) return "this name is reserved";
  return undefined;
}

/** The name of the file that an input fence writes, or undefined for any other fence. */
function inputName(info: string): string | undefined {
  const found = /^(?:json|csv)\s+(?:.*\s)?input=(?:"([^"]*)"|'([^']*)'|(\S+))/i.exec(info);
  return found ? found[1] ?? found[2] ?? found[3] ?? "" : undefined;
}

function checkInput(name: string, piece: Extract<Piece, { type: "fence" }>): string | undefined {
  const why = badPath(name);
  if (why) return `Cannot write the input "${name}": ${why}`;
  if (!/^json/i.test(piece.info)) return undefined;
  try {
    JSON.parse(piece.code);
    return undefined;
  } catch (error) {
    return `The input "${name}" is not JSON: ${error instanceof Error ? error.message : "it cannot be parsed"}`;
  }
}

/** The questions in a quote; a line that begins none goes on with the one before it. */
function questions(piece: Extract<Piece, { type: "quote" }>): Exclude<RunbookItem, { kind: "code" }>[] | undefined {
  const found: { kind: "approve" | "ask"; text: string; line: number }[] = [];
  for (const [index, text] of piece.lines.entries()) {
    const begins = /^\s*(approve|ask)\s*:\s*(.*)$/i.exec(text);
    const last = found.at(-1);
    if (begins) {
      const kind = begins[1]?.toLowerCase() === "ask" ? "ask" : "approve";
      found.push({ kind, text: begins[2] ?? "", line: piece.line + index });
    } else if (last) last.text += `\n${text}`;
    else return undefined;
  }
  return found.map(({ kind, text, line }) =>
    kind === "ask"
      ? { kind, question: cut(text.trim(), 2000), line }
      : { kind, why: cut(text.trim() || "Go on?", 2000), line }
  );
}

/** The text of a piece that is only prose. */
function prose(piece: Piece): string {
  switch (piece.type) {
    case "heading":
      return `${"#".repeat(piece.level)} ${piece.text}`;
    case "item":
      return `${piece.number}. ${piece.text}`;
    case "fence":
      return `\`\`\`${piece.info}\n${piece.code}\n\`\`\``;
    case "quote":
      return piece.lines.map((line) => `> ${line}`).join("\n");
    case "text":
      return piece.text;
    default:
      return piece satisfies never;
  }
}

/** Reads one section: its items in order and its prose. */
function readSection(section: Section, id: string, problems: Problem[]): RunbookStep {
  const items: RunbookItem[] = [];
  const said: string[] = [];
  let files: Record<string, string> = {};
  let filesLine = 0;
  for (const piece of section.pieces) {
    const asked = piece.type === "quote" ? questions(piece) : undefined;
    const language = piece.type === "fence" ? CODE[/^\S*/.exec(piece.info)?.[0].toLowerCase() ?? ""] : undefined;
    const input = piece.type === "fence" ? inputName(piece.info) : undefined;
    if (piece.type === "fence" && !piece.closed && (language || input !== undefined)) {
      problems.push({ line: piece.line, message: "This code block is never closed" });
    }
    if (asked) {
      items.push(...asked);
      for (const item of asked) {
        if (item.kind === "ask" && item.question === "") {
          problems.push({ line: item.line, message: "`> ask:` asks nothing" });
        }
      }
    } else if (piece.type === "fence" && language) {
      items.push({ kind: "code", language, code: piece.code, files, line: piece.line });
      files = {};
    } else if (piece.type === "fence" && input !== undefined) {
      const wrong = checkInput(input, piece);
      if (wrong) problems.push({ line: piece.line, message: wrong });
      else files = { ...files, [input]: piece.code + "\n" };
      filesLine = piece.line;
    } else said.push(prose(piece));
  }
  if (Object.keys(files).length > 0) items.push({ kind: "code", language: "ts", code: "", files, line: filesLine });
  return { id, title: cut(section.title, 200), prose: cut(said.join("\n").trim(), 20_000), items };
}

/** An approve after the last code of a step belongs to the beginning of the next one. */
function moveApprovals(steps: readonly RunbookStep[]): void {
  steps.forEach((step, index) => {
    const next = steps[index + 1];
    const last = step.items.findLastIndex((item) => item.kind !== "approve");
    if (!next || last < 0) return;
    next.items.unshift(...step.items.splice(last + 1));
  });
}

function titleOf(front: FrontMatter, all: readonly Piece[]): string {
  const heading = all.find((p) => p.type === "heading" && p.level === 1);
  const first = all.find((p) => p.type === "text" && p.text.trim() !== "") ?? all.find((p) => p.type === "item");
  const text = heading?.type === "heading" ? heading.text : first && "text" in first ? first.text.trim() : "";
  return front.title ?? (cut(text, 120) || "Task");
}

/** Reads a task as a runbook. Never throws: what cannot be followed stands in `problems`. */
export function readRunbook(task: string): Runbook {
  const lines = task.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  const { front, next, problems } = readFrontMatter(lines);
  const found = [...problems];
  const all = pieces(lines.slice(next), next + 1);
  const title = titleOf(front, all);
  const heading = all.find((p) => p.type === "heading" && p.level === 1);
  const { before, steps } = sections(all.filter((p) => p !== heading));
  const opening = readSection({ title: "Preparation", pieces: before }, "preparation", found);
  const read = steps.map((section, index) => readSection(section, `step-${index + 1}`, found));
  if (read.length === 0) read.push({ ...opening, id: "step-1", title });
  else if (opening.items.length > 0) read.unshift({ ...opening, prose: "" });
  moveApprovals(read);
  if (read.length > MAX_STEPS) {
    found.push({ line: 1, message: `It has ${read.length} steps; a plan holds at most ${MAX_STEPS}` });
  }
  return { title, front, about: steps.length > 0 ? opening.prose : "", steps: read, problems: found };
}

/** Writes problems as one text for people, one line each. */
export function problemText(problems: readonly Problem[]): string {
  return problems.map((p) => `line ${p.line}: ${p.message}`).join("\n");
}
