// The one error that a failed assertion throws.

/** Says which expectation a test did not meet. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

/** Puts the caller's own words, if any, behind the words of the assertion. */
export function withNote(text: string, note: string | undefined): string {
  return note ? `${text.replace(/\.$/, "")}: ${note}` : text;
}
