// Colour codes of terminal output as tones of the console; every other control character is shown as such.
//
//   AN1. What is left out is colour codes alone: all else of a line can be seen, also what steers a terminal, breaks a
//        line or turns the direction of text around.

/** A piece of a line in one tone: class names, "" for none. */
export interface Part {
  text: string;
  tone: string;
}
/** Colours by their code; black, white and default are the colour of the text. */
const TONES: ReadonlyMap<number, string> = new Map([
  ...["", "a-r", "a-g", "a-y", "a-b", "a-m", "a-c", ""].flatMap((tone, i): [number, string][] => [
    [30 + i, tone],
    [90 + i, i === 0 ? "a-d" : tone],
  ]),
  [39, ""],
]);
// deno-lint-ignore no-control-regex
const SGR = /\x1b\[([0-9;]*)m/g;
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;

const visible = (text: string) =>
  text.replace(CONTROL, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x20 ? String.fromCharCode(0x2400 + code) : "\u2426";
  });

interface Style {
  colour: string;
  bold: boolean;
}
const PLAIN: Style = { colour: "", bold: false };

function styleAfter(style: Style, text: string): Style {
  let { colour, bold } = style;
  const codes = text.split(";").map(Number);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 0) colour = "", bold = false;
    else if (code === 1) bold = true;
    else if (code === 22) bold = false;
    // One of 256 colours or of all: its numbers are no codes of their own.
    else if (code === 38 || code === 48 || code === 58) i += codes[i + 1] === 2 ? 4 : 2;
    else colour = TONES.get(code) ?? colour;
  }
  return { colour, bold };
}

/** Splits a line at its colour codes. */
export function ansiParts(text: string): Part[] {
  const parts: Part[] = [];
  let style = PLAIN, from = 0;
  const say = (to: number) => {
    const tone = [style.colour, style.bold ? "a-B" : ""].filter((one) => one !== "").join(" ");
    if (to > from) parts.push({ text: visible(text.slice(from, to)), tone });
  };
  for (const match of text.matchAll(SGR)) {
    say(match.index);
    style = styleAfter(style, match[1] ?? "");
    from = match.index + match[0].length;
  }
  say(text.length);
  return parts;
}
