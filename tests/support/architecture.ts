// The table of layers and of the directions in which they may import each other.
//
// model <- protocol <- engine <- store <- service <- (live, sandbox, llm, http) <- serve; routes see ctx.state's types,
// http, ui, islands, model, protocol; client, ui and islands never reach store or service; workers see model,
// protocol/sandbox and each other.

/** Modules in which a thing of the world may be touched. */
export const DOORS_OF_THE_WORLD: Record<string, readonly string[]> = {
  "console": [],
  "Date.now": ["lib/service/system.ts", "workers/", "lib/client/clock.ts", "bench/", "islands/", "lib/client/"],
  "Deno.env": ["lib/config.ts", "lib/cli/environment.ts", "dev.ts", "bench/"],
  "Deno.openKv": ["lib/store/kv.ts", "bench/raw.ts"],
};

/** What each layer may import (beside itself and packages). */
const MAY: Record<string, readonly string[]> = {
  model: [],
  protocol: ["model"],
  engine: ["protocol", "model"],
  store: ["engine", "protocol", "model"],
  service: ["store", "engine", "protocol", "model", "config", "log"],
  live: ["service", "engine", "protocol", "model", "log"],
  sandbox: ["service", "engine", "protocol", "model", "log"],
  llm: ["service", "engine", "protocol", "model", "log"],
  http: ["service", "engine", "protocol", "model", "log", "config"],
  config: ["model"],
  log: ["model", "config"],
  client: ["engine", "protocol", "model"],
  ui: ["engine", "client", "protocol", "model"],
  islands: ["ui", "client", "engine", "protocol", "model"],
  cli: ["client", "engine", "protocol", "model"],
  routes: ["http", "ui", "client", "islands", "protocol", "model"],
  workers: ["model", "protocol/sandbox"],
  main: ["http", "routes"],
  serve: ["main", "http", "live", "sandbox", "llm", "service", "store", "engine", "protocol", "model", "config", "log"],
};
/** Type-only imports that a layer may have beyond MAY: interfaces carry no code over a border. */
const TYPES: Record<string, readonly string[]> = {
  http: ["live"],
  routes: ["service", "engine", "live"],
  main: ["service"],
  log: ["service"],
};

/** The layer that a file belongs to. */
export function layerOf(path: string): string {
  const lib = /^lib\/([a-z]+)(\/|\.ts)/.exec(path);
  if (lib) return lib[1] ?? "";
  if (path === "main.ts" || path === "serve.ts" || path === "dev.ts") return path.slice(0, -3);
  return path.split("/")[0] ?? "";
}

function resolve(from: string, specifier: string): string | null {
  if (specifier.startsWith("@/")) return specifier.slice(2);
  if (!specifier.startsWith(".")) return null;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** Breaches of the table in one file. */
export function importBreaches(path: string, source: string): string[] {
  const layer = layerOf(path);
  const may = MAY[layer];
  if (may === undefined) {
    return ["tests", "bench", "jsr", "examples", "dev"].includes(layer) ? [] : [`${path}: no layer "${layer}"`];
  }
  const breaches: string[] = [];
  const statements = /(?:^|\n)\s*(import|export)\s+(type\s+)?([^;'"]*?from\s+)?["']([^"']+)["']/g;
  for (const match of source.matchAll(statements)) {
    const target = resolve(path, match[4] ?? "");
    if (target === null || target.endsWith(".json")) continue;
    const to = layerOf(target);
    const allowed = to === layer || may.includes(to) ||
      may.some((place) => place.includes("/") && target.startsWith(`lib/${place}`)) ||
      (match[2] !== undefined && (TYPES[layer] ?? []).includes(to));
    if (!allowed) breaches.push(`${path} imports ${target}`);
  }
  return breaches;
}
