// Where this code runs, and of which build it is a part.

declare const FRESH_BUILD_ID: string | undefined;

/** Whether the code runs in a browser. */
export const IS_BROWSER: boolean = typeof document !== "undefined";

// In the browser the id is written into the code by the build; on the server the build sets it.
let id = typeof FRESH_BUILD_ID === "undefined" ? "" : FRESH_BUILD_ID;

/** Gives the id of the build, or nothing where there is none. */
export function buildId(): string {
  return id;
}

/** Sets the id of the build that the server runs with. */
export function setBuildId(value: string): void {
  id = value;
}
