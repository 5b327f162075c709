// What an agent says, in pieces: prose with emphasis and code, and blocks of code. A small part of Markdown, shown as text.
//
//   PR1. Nothing of the text is lost but the marks themselves; what is no mark stays as it is.

/** A piece of a line of prose. */
export interface Span {
  tone: "plain" | "strong" | "code";
  text: string;
}
/** A block of code, or prose in spans. */
export type Piece = { kind: "code"; text: string } | { kind: "prose"; spans: Span[] };

const FENCE = /^(`{3,}|~{3,})[^\n`]*\n([\s\S]*?)^\1[ \t]*$\n?/gm;
const MARK = /\*\*([^*\n]+)\*\*|`([^`\n]+)`/g;

function spansOf(text: string): Span[] {
  const spans: Span[] = [];
  let from = 0;
  for (const match of text.matchAll(MARK)) {
    if (match.index > from) spans.push({ tone: "plain", text: text.slice(from, match.index) });
    const [all, strong, code] = match;
    spans.push(strong !== undefined ? { tone: "strong", text: strong } : { tone: "code", text: code ?? "" });
    from = match.index + all.length;
  }
  if (from < text.length) spans.push({ tone: "plain", text: text.slice(from) });
  return spans;
}

/** The pieces of a text; blank lines around a block of code are left out. */
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  let from = 0;
  const say = (to: number) => {
    const prose = text.slice(from, to).replace(/^\n+|\s+$/g, "");
    if (prose !== "") found.push({ kind: "prose", spans: spansOf(prose) });
  };
  for (const match of text.matchAll(FENCE)) {
    say(match.index);
    found.push({ kind: "code", text: (match[2] ?? "").replace(/\n$/, "") });
    from = match.index + match[0].length;
  }
  say(text.length);
  return found;
}
