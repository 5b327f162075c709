// The place of the attacks: secrets around a session's folder, and the question whether anything reached them.
//
// Around every attack lie a secret file, a sibling session, a folder whose name begins like the session's, a listening
// server and a secret in the host's environment. Afterwards nothing of them may have been said or written anywhere, nothing
// outside may have changed, and no process may be left.
import { assert, assertEquals } from "@std/assert";
import { detectWalls } from "@/lib/sandbox/detect.ts";
import { ensureExecApp } from "@/lib/sandbox/exec_app.ts";
import { createSandboxes } from "@/lib/sandbox/sandboxes.ts";
import type { ExecResult } from "@/lib/protocol/sandbox.ts";
import type { ExecSpec, Isolation } from "@/lib/service/ports.ts";
import { contents, fingerprint, listen, writeSecrets, writeTheirs } from "./ground.ts";
import { type Around, type Attempt, blockOf, type Group, wrongOf } from "./attempts/attempt.ts";
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

/** An attacker's result with all that was heard of it. */
export type Outcome = ExecResult & { heard: string };

/** The arena of one test. */
export interface Arena extends Around {
  /** The text that must not come out. */
  readonly canary: string;
  readonly level: Isolation;
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
  writeSecrets(secrets, canary);
  for (const name of [theirs, `${mine}extra`]) writeTheirs(`${folder.path}/sessions/${name}`, canary);
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

/** Runs many attempts in one block, each caught, and checks what came of every single one. */
export async function attemptAll(arena: Arena, attempts: readonly Attempt[], memory_mb = 512): Promise<void> {
  const { secrets, work, inside, sibling, port, app, boot } = arena;
  const block = blockOf(attempts, { secrets, work, inside, sibling, port, app, boot });
  const result = await arena.run(spec(block, { memory_mb }));
  assertEquals([result.ended, result.exit_code], ["exit", 0], `${result.message} ${result.stderr}`);
  assertEquals(wrongOf(attempts, result.stdout, arena.level), []);
}

/** Declares one attack for each group, at every level. */
export function attackInGroups(groups: readonly Group[]): void {
  for (const { id, rule, attempts, memory_mb } of groups) {
    attack(`[${id}] ${rule}`, (arena) => attemptAll(arena, attempts, memory_mb));
  }
}
