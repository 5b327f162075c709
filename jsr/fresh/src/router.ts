// Finds the chain of middlewares for a path and a method.
//
//   R1. A pattern without special characters matches by exact path, and with the final slash
//       added or removed; such patterns go before all others.
//   R2. Of the others the first registered one that matches decides, also if it lacks the method.
//   R3. Registrations of the same pattern share an entry; per method the first one wins.

import type { Method } from "./handlers.ts";

const SPECIAL = /[*:{}+?()]/;

type Entry<Chain> = { pattern: string; matcher?: URLPattern; chains: Map<string, Chain> };

/** What a request met: `pattern` is `null` when nothing matched, `chain` absent when the method is missing. */
export interface Match<Chain> {
  pattern: string | null;
  params: Record<string, string>;
  chain?: Chain;
  /** The methods that the pattern has. */
  methods: string[];
}

/** A table of patterns, filled once and then only read. */
export class Router<Chain> {
  readonly #fixed = new Map<string, Entry<Chain>>();
  readonly #dynamic = new Map<string, Entry<Chain>>();

  /** Registers a chain for a method of a pattern. */
  add(method: Method, pattern: string, chain: Chain): void {
    const table = SPECIAL.test(pattern) ? this.#dynamic : this.#fixed;
    const entry = table.get(pattern) ?? this.#newEntry(pattern);
    table.set(pattern, entry);
    if (!entry.chains.has(method)) entry.chains.set(method, chain);
  }

  #newEntry(pattern: string): Entry<Chain> {
    if (!SPECIAL.test(pattern)) return { pattern, chains: new Map() };
    const matcher = new URLPattern({ pathname: pattern });
    return { pattern: matcher.pathname, matcher, chains: new Map() };
  }

  /** Finds what stands for the path. */
  match(method: string, url: URL): Match<Chain> {
    const { pathname } = url;
    const other = pathname.endsWith("/") ? pathname.slice(0, -1) : `${pathname}/`;
    const fixed = this.#fixed.get(pathname) ?? this.#fixed.get(other);
    if (fixed) return describe(fixed, method, {});
    for (const entry of this.#dynamic.values()) {
      const groups = entry.matcher?.exec({ pathname })?.pathname.groups;
      if (groups) return describe(entry, method, groups);
    }
    return { pattern: null, params: Object.create(null), methods: [] };
  }
}

type Groups = Record<string, string | undefined>;

function describe<Chain>(entry: Entry<Chain>, method: string, groups: Groups): Match<Chain> {
  const chain = entry.chains.get(method) ?? (method === "HEAD" ? entry.chains.get("GET") : undefined);
  const params: Record<string, string> = Object.create(null);
  if (chain !== undefined) {
    for (const [name, value] of Object.entries(groups)) params[name] = decodeURI(value ?? "");
  }
  return { pattern: entry.pattern, params, methods: [...entry.chains.keys()], ...(chain !== undefined && { chain }) };
}
