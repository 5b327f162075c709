// What the channel needs of the language, taken before any other code is loaded: a workflow that patches prototypes must
// not see frames or change them. main.ts imports this file first.
const { apply, getPrototypeOf, getOwnPropertyDescriptor } = Reflect;
const typedArray = getPrototypeOf(Uint8Array.prototype) ?? Uint8Array.prototype;
const lengthOf = getOwnPropertyDescriptor(typedArray, "byteLength")?.get;
const { subarray } = Uint8Array.prototype;
const { stringify, parse } = JSON;
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const { encode } = TextEncoder.prototype;
const { decode } = TextDecoder.prototype;
const { stdin, stdout, exit } = Deno;
const { writeSync } = stdout;
const { read } = stdin;
const later = setImmediate;
const { setTimeout: startTimer, clearTimeout: stopTimer, setInterval: repeat } = globalThis;

/** Originals that workflow code cannot reach. */
export const captured = Object.freeze({
  stringify,
  parse,
  encode: (text: string): Uint8Array => apply(encode, encoder, [text]),
  decode: (bytes: Uint8Array): string => apply(decode, decoder, [bytes]),
  size: (bytes: Uint8Array): number => lengthOf === undefined ? bytes.byteLength : apply(lengthOf, bytes, []),
  part: (bytes: Uint8Array, from: number, to: number): Uint8Array => apply(subarray, bytes, [from, to]),
  write: (bytes: Uint8Array): number => apply(writeSync, stdout, [bytes]),
  read: (into: Uint8Array): Promise<number | null> => apply(read, stdin, [into]),
  exit: (code: number): never => exit(code),
  later: (fn: () => void): void => void later(fn),
  after: (ms: number, fn: () => void): () => void => {
    const timer = startTimer(fn, ms);
    return () => stopTimer(timer);
  },
  every: (ms: number, fn: () => void): void => void repeat(fn, ms),
});
