// esbuild, while somebody uses it: its process is ended after the last use, or it would live as long as the server.
import type * as esbuild from "esbuild";

let users = 0;
let stopping: Promise<void> = Promise.resolve();

/** Hands esbuild to `fn`. */
export async function withBundler<T>(fn: (bundler: typeof esbuild) => Promise<T>): Promise<T> {
  users++;
  await stopping;
  const bundler = await import("esbuild"); // rarely needed, and half the size of the server
  try {
    return await fn(bundler);
  } finally {
    users--;
    if (users === 0) await (stopping = bundler.stop());
  }
}

/** What esbuild found wrong: file, line and column where they are known. */
export function complaints(error: unknown): string {
  const errors: unknown = Reflect.get(Object(error), "errors");
  if (!Array.isArray(errors)) return error instanceof Error ? error.message : String(error);
  return errors.slice(0, 5).map(({ text, location }: esbuild.Message) => {
    const at = location === null ? "" : `${location.file}:${location.line}:${location.column + 1}: `;
    return `${at}${text}`;
  }).join("; ");
}
