// Colour codes of terminal output as tones of the console; every other control character is shown as such.

/** A piece of a line in one tone. */
export interface Part {
  text: string;
  tone: string;
}
const TONES: Record<number, string> = {
  31: "a-r",
  32: "a-g",
  33: "a-y",
  34: "a-b",
  35: "a-m",
  36: "a-c",
  90: "a-d",
  91: "a-r",
  92: "a-g",
  93: "a-y",
  94: "a-b",
  95: "a-m",
  96: "a-c",
};
// deno-lint-ignore no-control-regex
const SGR = /\x1b\[([0-9;]*)m/g;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]/g;

const visible = (text: string) =>
  text.replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\u2426";
  });

function toneAfter(tone: string, codes: string): string {
  let next = tone;
  for (const code of codes.split(";").map(Number)) {
    if (code === 0 || code === 39) next = "";
    else if (code === 1) next = `${next} a-B`.trim();
    else next = TONES[code] ?? next;
  }
  return next;
}

/** Splits a line at its colour codes. */
export function ansiParts(text: string): Part[] {
  if (!text.includes("\x1b")) return [{ text: visible(text), tone: "" }];
  const parts: Part[] = [];
  let tone = "", from = 0;
  for (const match of text.matchAll(SGR)) {
    if (match.index > from) parts.push({ text: visible(text.slice(from, match.index)), tone });
    tone = toneAfter(tone, match[1] ?? "");
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: visible(text.slice(from)), tone });
  return parts;
}
