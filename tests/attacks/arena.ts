// The place of the attacks: secrets around a session's folder, and the question whether anything reached them.
//
// Around every attack lie a secret file, a sibling session, a folder whose name begins like the session's, a listening
// server and a secret in the host's environment. Afterwards nothing of them may have been said or written anywhere, nothing
// outside may have changed, and no process may be left.
import { assert, assertEquals } from "@std/assert";
import { existsSync } from "node:fs";
import { detectWalls } from "@/lib/sandbox/detect.ts";
import { ensureExecApp } from "@/lib/sandbox/exec_app.ts";
import { createSandboxes } from "@/lib/sandbox/sandboxes.ts";
import type { ExecResult } from "@/lib/protocol/sandbox.ts";
import type { ExecSpec, Isolation } from "@/lib/service/ports.ts";
import {
  clock,
  collector,
  ids,
  processesNaming,
  PROJECT,
  spec,
  TEMPLATES,
  temporaryFolder,
} from "../sandbox/support.ts";

/** What lies around the attacker. */
export interface Around {
  /** The text that must not come out. */
  readonly canary: string;
  /** Folder of secrets, and the session's own folder as the host sees it. */
  readonly secrets: string;
  readonly work: string;
  /** The attacker's folder as it sees it itself. */
  readonly inside: string;
  readonly sibling: string;
  readonly port: number;
  readonly app: string;
  readonly boot: string;
  readonly level: Isolation;
}
/** An attacker's result with all that was heard of it. */
export type Outcome = ExecResult & { heard: string };

/** The arena of one test. */
export interface Arena extends Around {
  run(what: string | ExecSpec): Promise<Outcome>;
  /** Runs in another session at the same time. */
  runElsewhere(what: string | ExecSpec): Promise<Outcome>;
  /** Connections that the listening server saw. */
  connections(): number;
}

const bwrap = await detectWalls({ isolation: "bwrap", deno: Deno.execPath() }).then(() => "", (error) => error.message);
const limits = await detectWalls({ isolation: "limits", deno: Deno.execPath() }).then(
  () => "",
  (error) => error.message,
);

/** Levels that an attack is run at, and why one is left out here. */
export const LEVELS: readonly { level: Isolation; missing: string }[] = [
  { level: "limits", missing: limits },
  { level: "bwrap", missing: bwrap },
];

/** Declares one attack at every level. */
export function attack(name: string, fn: (arena: Arena) => Promise<void>): void {
  for (const { level, missing } of LEVELS) {
    const skipped = missing === "" ? "" : ` (left out: ${missing})`;
    Deno.test(`${name} [${level}]${skipped}`, { ignore: missing !== "" }, () => inArena(level, fn));
  }
}

/** Runs `fn` in an arena and looks around afterwards. */
export async function inArena(level: Isolation, fn: (arena: Arena) => Promise<void>): Promise<void> {
  const canary = `canary-${crypto.randomUUID()}`;
  const variable = "HOLDFAST_ATTACK_CANARY";
  Deno.env.set(variable, canary);
  await using folder = temporaryFolder();
  await using outside = temporaryFolder();
  const secrets = outside.path;
  const [mine, theirs] = [crypto.randomUUID(), crypto.randomUUID()];
  const app = await ensureExecApp(PROJECT);
  layOut(secrets, folder.path, { canary, mine, theirs });
  const server = listen(canary);
  const sandboxes = await createSandboxes({
    ...{ project_root: PROJECT, data_dir: folder.path, isolation: level, warm: 0, memory_mb: 512 },
    ...{
      deno: Deno.execPath(),
      clock,
      ids,
      templates_dir: TEMPLATES,
      workflow_program: `${PROJECT}/tests/sandbox/fixtures/flow.ts`,
    },
  });
  const runner = (session: string) => {
    const executor = sandboxes.executor(session);
    return async (what: string | ExecSpec): Promise<Outcome> => {
      const heard = collector();
      const order = typeof what === "string" ? spec(what) : what;
      const result = await executor.run(order, heard.sink, new AbortController().signal);
      return { ...result, heard: heard.lines.map((line) => line.message).join("\n") };
    };
  };
  const said: string[] = [];
  const listening = (run: ReturnType<typeof runner>) => async (what: string | ExecSpec) => {
    const outcome = await run(what);
    said.push(JSON.stringify(outcome));
    return outcome;
  };
  const work = `${folder.path}/sessions/${mine}`;
  const before = fingerprint(secrets) + fingerprint(`${folder.path}/sessions/${theirs}`) + fingerprint(`${work}extra`);
  try {
    await fn({
      ...{ canary, secrets, work, port: server.port, level, app: app.folder, connections: server.connections },
      inside: level === "bwrap" ? "/w" : work,
      sibling: `${folder.path}/sessions/${theirs}`,
      boot: `${PROJECT}/workers/exec/boot.ts`,
      run: listening(runner(mine)),
      runElsewhere: listening(runner(theirs)),
    });
    const after = fingerprint(secrets) + fingerprint(`${folder.path}/sessions/${theirs}`) + fingerprint(`${work}extra`);
    assertEquals(after, before, "nothing outside has changed");
    assert(!said.join().includes(canary), "no secret was said");
    assert(!contents(work).includes(canary), "no secret was written down");
    assertEquals(server.connections(), 0, "nobody connected");
  } finally {
    await sandboxes.close();
    await server.close();
    Deno.env.delete(variable);
  }
  assertEquals(processesNaming(folder.path), [], "no process is left");
}

function layOut(secrets: string, data_dir: string, { canary, mine, theirs }: Record<string, string>): void {
  const files: Record<string, string> = {
    "secret.txt": canary ?? "",
    "secret.json": JSON.stringify({ canary }),
    "secret.ts": `export default ${JSON.stringify(canary)};`,
    "secret.cjs": `module.exports = ${JSON.stringify(canary)};`,
    "secret.env": `CANARY=${canary}`,
    "secret.map": JSON.stringify({
      version: 3,
      sources: ["x.ts"],
      sourcesContent: [canary],
      names: [],
      mappings: "AAAA",
    }),
  };
  for (const [name, text] of Object.entries(files)) Deno.writeTextFileSync(`${secrets}/${name}`, text);
  for (const folder of [`${data_dir}/sessions/${theirs}`, `${data_dir}/sessions/${mine}extra`]) {
    Deno.mkdirSync(folder, { recursive: true });
    Deno.writeTextFileSync(`${folder}/theirs.txt`, canary ?? "");
  }
}

function listen(canary: string) {
  let connections = 0;
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const served = (async () => {
    for await (const connection of listener) {
      connections++;
      await connection.write(new TextEncoder().encode(canary)).catch(() => {});
      connection.close();
    }
  })();
  return {
    port: listener.addr.port,
    connections: () => connections,
    async close() {
      listener.close();
      await served;
    },
  };
}

/** Names, sizes, modes and contents below a folder. */
function fingerprint(folder: string): string {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort().map((name) => {
    const info = Deno.lstatSync(`${folder}/${name}`);
    return info.isFile ? `${name}:${info.mode}:${info.nlink}:${Deno.readTextFileSync(`${folder}/${name}`)}` : name;
  }).join("\n");
}

/** Everything that lies in regular files below a folder. */
function contents(folder: string): string {
  let text = "";
  if (!existsSync(folder)) return text;
  for (const entry of Deno.readDirSync(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) text += contents(path);
    else if (entry.isFile && Deno.lstatSync(path).size < 5_000_000) text += Deno.readTextFileSync(path);
  }
  return text;
}

/** One try: what it does, and what must come of it. */
export interface Attempt {
  readonly name: string;
  /** Body of an async function; what it returns counts as got. `A` holds what lies around. */
  readonly code: string;
  /** What must come of it, by level where it differs. */
  readonly expect: RegExp | { readonly limits: RegExp; readonly bwrap: RegExp };
}

/** Runs many attempts in one block, each caught, and checks what came of every single one. */
export async function attemptAll(arena: Arena, attempts: readonly Attempt[], memory_mb = 512): Promise<void> {
  const { canary: _secret, run, runElsewhere: _elsewhere, connections: _count, ...around } = arena;
  const bodies = attempts.map(({ name, code }) => `
    try {
      const value = await (async () => { ${code} })();
      say(${JSON.stringify(name)}, "got: " + (typeof value === "string" ? value : JSON.stringify(value)));
    } catch (error) {
      say(${JSON.stringify(name)}, error?.name + ": " + error?.message);
    }`);
  const block = `
    const A = ${JSON.stringify(around)};
    const outcomes = {};
    const say = (name, text) => outcomes[name] = String(text).slice(0, 500);
    ${bodies.join("\n")}
    console.log("\\n" + JSON.stringify(outcomes));
    Deno.exit(0);`;
  const result = await run(spec(block, { memory_mb }));
  assertEquals([result.ended, result.exit_code], ["exit", 0], `${result.message} ${result.stderr}`);
  const outcomes: Record<string, string> = JSON.parse(result.stdout.trimEnd().split("\n").at(-1) ?? "{}");
  const wrong: string[] = [];
  for (const { name, expect } of attempts) {
    const wanted = expect instanceof RegExp ? expect : arena.level === "bwrap" ? expect.bwrap : expect.limits;
    const came = outcomes[name] ?? "nothing";
    if (!wanted.test(came)) wrong.push(`${name}: ${came} (wanted ${wanted})`);
  }
  assertEquals(wrong, []);
}

/** The text of a refusal by Deno's permissions. */
export const REFUSED = /^NotCapable: Requires \w+ access/;
