// console.* of workflow code: said with its place where a workflow runs, plain output elsewhere. Never a frame.
import { print } from "./runtime/say.ts";

type Stream = "print" | "stderr";

const STREAMS: Record<string, Stream> = {
  log: "print",
  info: "print",
  debug: "print",
  dir: "print",
  dirxml: "print",
  table: "print",
  error: "stderr",
  warn: "stderr",
  trace: "stderr",
};
const SILENT = ["clear", "count", "countReset", "group", "groupCollapsed", "groupEnd", "time", "timeEnd", "timeLog"];

/** One line of what was handed to console.log: texts as they are, other values as Deno shows them. */
export function formatted(args: readonly unknown[]): string {
  return args.map((arg) => typeof arg === "string" ? arg : Deno.inspect(arg, { colors: false, depth: 4 })).join(" ");
}

/** Replaces the methods of console; disposing puts them back. `output` takes what has no place in the log. */
export function installConsole(output: (stream: Stream, text: string) => void): Disposable {
  const target: object = globalThis.console;
  const before = Object.getOwnPropertyDescriptors(target);
  const set = (name: string, value: unknown) =>
    Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable: true });
  for (const [name, stream] of Object.entries(STREAMS)) {
    set(name, (...args: unknown[]) => {
      const text = formatted(args);
      if (!print(stream, text)) output(stream, text);
    });
  }
  for (const name of SILENT) set(name, () => {});
  set("assert", (holds: unknown, ...args: unknown[]) => {
    if (holds) return;
    const text = formatted(["Assertion failed", ...args]);
    if (!print("stderr", text)) output("stderr", text);
  });
  return { [Symbol.dispose]: () => void Object.defineProperties(target, before) };
}
