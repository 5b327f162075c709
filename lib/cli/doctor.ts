// `doctor` and `login`: whether the server can be reached, what it says of itself, and who it takes us for.
import { type Api, ClientError } from "../client/api.ts";
import { apiFor, type Surroundings } from "./environment.ts";
import type { Line } from "./grammar.ts";
import { EXIT, Exit, harmless, out, painter } from "./terminal.ts";

interface Finding {
  what: string;
  ok: boolean;
  detail: string;
}

async function check(what: string, ask: () => Promise<string>): Promise<Finding> {
  try {
    return { what, ok: true, detail: await ask() };
  } catch (error) {
    return { what, ok: false, detail: error instanceof Error ? error.message : `${error}` };
  }
}

async function findings(here: Surroundings, api: Api): Promise<Finding[]> {
  const server = await check("server", async () => {
    const response = await fetch(new URL("/api/health", here.base));
    const health: { version?: unknown; uptime_s?: unknown } = await response.json();
    return `${here.base} answers, version ${health.version}, up ${health.uptime_s} s`;
  });
  if (!server.ok) return [{ ...server, detail: `${server.detail}\n  start it: deno task start` }];
  const token = await check("token", async () => `from ${here.token_from}: ${(await api.me()).name}`);
  const states = await readiness(api);
  const flows = await check("workflows", async () => {
    const { modes, problems } = await api.modes();
    const [first, ...more] = problems.map(({ file, reason }) => `${file} is no mode: ${reason}`);
    if (first !== undefined) throw new Error([first, ...more.map((line) => `  ${line}`)].join("\n"));
    return modes.map(({ id }) => id).join(", ");
  });
  const round = await check("round trip", async () => {
    const started = performance.now();
    for (let i = 0; i < 10; i++) await api.pulse();
    return `${((performance.now() - started) / 10).toFixed(1)} ms a request`;
  });
  return [server, token, ...states, flows, round];
}

/** What the server says of itself, check by check. */
async function readiness(api: Api): Promise<Finding[]> {
  try {
    const { checks } = await api.ready();
    return Object.entries(checks).map(([what, { ok, detail }]) => ({ what, ok, detail }));
  } catch (error) {
    return [{ what: "ready", ok: false, detail: error instanceof Error ? error.message : `${error}` }];
  }
}

/** `doctor`: looks, and says what to mend. */
export async function doctor(line: Line<"doctor">, here: Surroundings, api: Api): Promise<number> {
  const found = await findings(here, api);
  const paint = painter(here.colour);
  if (line.json) out(JSON.stringify(found));
  else {for (const one of found) {
      out(
        `${one.ok ? paint("green", "✓") : paint("red", "✗")} ${harmless(one.what.padEnd(11))} ${harmless(one.detail)}`,
      );
    }}
  if (found[0]?.ok === false) return EXIT.unreachable;
  return found.every((one) => one.ok) ? EXIT.done : EXIT.failed;
}

/** `login`: checks a token and keeps it in the data folder, readable by this user only. */
export async function login(line: Line<"login">, here: Surroundings): Promise<number> {
  const typed = line.token ? (await new Response(Deno.stdin.readable).text()).trim() : prompt("Token:")?.trim();
  const token = typed || here.token;
  if (token === undefined) throw new Exit(EXIT.usage, "No token given.");
  try {
    const me = await apiFor({ ...here, token }).me();
    if (typed) await keep(here.token_file, token);
    out(`${me.name} at ${here.base}${typed ? `, kept in ${here.token_file}` : ""}`);
    return EXIT.done;
  } catch (error) {
    if (error instanceof ClientError && error.status === 401) {
      throw new Exit(EXIT.needs_person, "The server does not know this token.");
    }
    throw error;
  }
}

async function keep(file: string, token: string): Promise<void> {
  await Deno.mkdir(file.slice(0, file.lastIndexOf("/")) || ".", { recursive: true });
  await Deno.writeTextFile(file, `${token}\n`, { mode: 0o600 });
  await Deno.chmod(file, 0o600);
}
