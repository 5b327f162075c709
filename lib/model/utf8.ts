// Sizes of texts in UTF-8, counted and not made: encoding each line of a flood only to count it costs as much as its commit.

/** What takes more than one byte. */
const WIDE = /[^\0-\x7f]/;

/** What JSON writes in another way than it is; pairs of surrogates stand as they are and are looked at the long way. */
// deno-lint-ignore no-control-regex -- control characters are what it is about
const ESCAPED = /["\\\u0000-\u001f\ud800-\udfff]/;

/** Bytes that a text takes as JSON, its quotes included. */
export function jsonTextLength(text: string): number {
  return ESCAPED.test(text) ? utf8Length(JSON.stringify(text)) : utf8Length(text) + 2;
}

/** Bytes that a text takes in UTF-8. */
export function utf8Length(text: string): number {
  // Nearly every line has none, and to look for one is a third of the work of looking at each unit.
  if (!WIDE.test(text)) return text.length;
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    // Each half of a surrogate pair counts two of its four bytes.
    bytes += unit < 0x800 || (unit >= 0xd800 && unit < 0xe000) ? 1 : 2;
  }
  return bytes;
}
