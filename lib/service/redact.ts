// Puts `[redacted:NAME]` in the place of the server's own secrets: in events, previews and logs, before each commit.
//
// A secret is found as it is and as JSON would escape it. A stream is cut into pieces anywhere, so `RedactedStream` keeps
// back an end that may be the beginning of a secret until the next piece tells.
import type { Json } from "../model/json.ts";

/** Replaces secrets in texts and JSON values. */
export interface Redactor {
  text(value: string): string;
  /** The same value where nothing was found. */
  json(value: Json): Json;
  /** Characters that a piece may have to be kept back for. */
  readonly longest: number;
  /** How many characters at the end of `value` may begin a secret. */
  openEnd(value: string): number;
}

/** Makes a redactor of secrets by name. */
export function createRedactor(secrets: ReadonlyMap<string, string>): Redactor {
  const names = new Map<string, string>();
  for (const [name, value] of secrets) {
    names.set(value, name);
    names.set(JSON.stringify(value).slice(1, -1), name);
  }
  // Longer ones first: a secret that holds another is replaced whole.
  const values = [...names.keys()].sort((a, b) => b.length - a.length);
  if (values.length === 0) return NOTHING;
  const pattern = new RegExp(values.map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&")).join("|"), "g");
  const text = (value: string) => {
    // Every line of output comes through here, and hardly any holds a secret: to look is cheaper than to replace.
    if (!values.some((secret) => value.includes(secret))) return value;
    return value.replace(pattern, (found) => `[redacted:${names.get(found)}]`);
  };
  return {
    text,
    json: (value) => redactJson(value, text),
    longest: values[0]?.length ?? 0,
    openEnd: (value) => openEnd(value, values, pattern),
  };
}

const NOTHING: Redactor = { text: (value) => value, json: (value) => value, longest: 0, openEnd: () => 0 };

function redactJson(value: Json, text: (value: string) => string): Json {
  if (typeof value === "string") return text(value);
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => redactJson(item, text));
    return items.every((item, i) => item === value[i]) ? value : items;
  }
  if (Object.keys(value).every((key) => text(key) === key && redactJson(value[key] ?? null, text) === value[key])) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [text(key), redactJson(item, text)]));
}

/** A secret that is there as a whole is taken before one that may begin inside of it: many end as they begin. */
function openEnd(value: string, secrets: readonly string[], pattern: RegExp): number {
  for (let from = 0;;) {
    const open = longestBeginning(value.slice(from), secrets);
    const cut = value.length - open;
    const whole = [...value.matchAll(pattern)].find((one) => one.index < cut && one.index + one[0].length > cut);
    if (open === 0 || whole === undefined) return open;
    from = whole.index + whole[0].length;
  }
}

function longestBeginning(value: string, secrets: readonly string[]): number {
  let longest = 0;
  for (const secret of secrets) {
    for (let length = Math.min(secret.length - 1, value.length); length > longest; length--) {
      if (secret.startsWith(value.slice(value.length - length))) {
        longest = length;
        break;
      }
    }
  }
  return longest;
}

/** Redacts a text that comes in pieces. */
export class RedactedStream {
  readonly #redactor: Redactor;
  #kept = "";

  constructor(redactor: Redactor) {
    this.#redactor = redactor;
  }

  /** Takes a piece; gives what can be shown by now. */
  push(piece: string): string {
    const whole = this.#kept + piece;
    const open = this.#redactor.openEnd(whole);
    this.#kept = whole.slice(whole.length - open);
    return this.#redactor.text(whole.slice(0, whole.length - open));
  }

  /** Gives what was kept back: the stream is at an end. */
  end(): string {
    const rest = this.#redactor.text(this.#kept);
    this.#kept = "";
    return rest;
  }
}
