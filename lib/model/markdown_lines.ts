// Lines of Markdown as the few things a runbook is made of: headings, fences, quotes, numbered items, text.
//
// Exact about what may not be mistaken: what stands inside a fence or an HTML comment is never a heading, an item or a
// quote. Everything that it does not know is text. Time grows with the length of the text only, whatever is in it: it
// reads what strangers send.

/** A piece of Markdown; `line` counts from 1. */
export type Piece =
  | { type: "heading"; level: number; text: string; line: number }
  | { type: "item"; number: number; indent: number; text: string; line: number }
  | { type: "fence"; info: string; code: string; closed: boolean; line: number }
  | { type: "quote"; lines: string[]; line: number }
  | { type: "text"; text: string; line: number };

const HEADING = /^ {0,3}(#{1,6})(?=[ \t]|$)/;
const FENCE = /^([ \t]*)(`{3,}|~{3,})(.*)$/;
const QUOTE = /^ {0,8}>[ ]?(.*)$/;
const ITEM = /^( {0,3})(\d{1,9})[.)][ \t]+(\S.*)$/;

function opensFence(line: string): { indent: number; mark: string; info: string } | undefined {
  const found = FENCE.exec(line);
  const mark = found?.[2] ?? "";
  const info = found?.[3]?.trim().slice(0, 500) ?? "";
  // ``` with another backtick in its line is code inside a sentence.
  if (!found || (mark[0] === "`" && info.includes("`"))) return undefined;
  return { indent: (found[1] ?? "").length, mark, info };
}

function closesFence(line: string, mark: string): boolean {
  const text = line.trim();
  return text.length >= mark.length && text === (mark[0] ?? "").repeat(text.length);
}

/** Takes the indentation of the fence off a line of its code, as far as there is any. */
function outdent(line: string, indent: number): string {
  let cut = 0;
  while (cut < indent && (line[cut] === " " || line[cut] === "\t")) cut++;
  return line.slice(cut);
}

/** The index of the first line from `start` on that fits, or the number of lines. */
function findFrom(lines: readonly string[], start: number, fits: (line: string) => boolean): number {
  let at = start;
  while (at < lines.length && !fits(lines[at] ?? "")) at++;
  return at;
}

/** The text of a heading without the hashes that may end it. */
function headingText(text: string): string {
  const trimmed = text.trim();
  let end = trimmed.length;
  while (end > 0 && trimmed[end - 1] === "#") end--;
  const closing = end === 0 || trimmed[end - 1] === " " || trimmed[end - 1] === "\t";
  return closing ? trimmed.slice(0, end).trim() : trimmed;
}

/** Splits lines of Markdown into pieces; `first` is the number of the first line. */
export function pieces(lines: readonly string[], first = 1): Piece[] {
  const out: Piece[] = [];
  for (let i = 0; i < lines.length;) {
    const line = first + i;
    const text = lines[i] ?? "";
    const fence = opensFence(text);
    if (fence) {
      const end = findFrom(lines, i + 1, (later) => closesFence(later, fence.mark));
      const code = lines.slice(i + 1, end).map((l) => outdent(l, fence.indent)).join("\n");
      out.push({ type: "fence", info: fence.info, code, closed: end < lines.length, line });
      i = end + 1;
    } else if (/^ {0,3}<!--/.test(text)) {
      i = findFrom(lines, i, (later) => later.includes("-->")) + 1;
    } else if (QUOTE.test(text)) {
      const quoted: string[] = [];
      for (let found = QUOTE.exec(text); found; found = QUOTE.exec(lines[++i] ?? "")) quoted.push(found[1] ?? "");
      out.push({ type: "quote", lines: quoted, line });
    } else {
      out.push(plain(text, line));
      i++;
    }
  }
  return out;
}

function plain(text: string, line: number): Piece {
  const heading = HEADING.exec(text);
  if (heading) {
    return {
      type: "heading",
      level: (heading[1] ?? "").length,
      text: headingText(text.slice(heading[0].length)),
      line,
    };
  }
  const item = ITEM.exec(text);
  if (item) {
    const indent = (item[1] ?? "").length;
    return { type: "item", number: Number(item[2]), indent, text: (item[3] ?? "").trim(), line };
  }
  return { type: "text", text, line };
}
