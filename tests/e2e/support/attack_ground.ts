// A real server with secrets all around it, for attacks that come from runbooks; and the question whether anything got out.
//
// Canaries lie beside the data folder, in another session's file and in its run (so in the store), in the server's
// environment, in its cache of compiled code; its token and a secret that it redacts are canaries too. Afterwards none of them may
// stand in any answer, event, file or log, nothing outside the attackers' folders may have changed, and no process of
// them may be left.
import { assert, assertEquals } from "@std/assert";
import { ensureExecApp } from "@/lib/sandbox/exec_app.ts";
import type { Isolation } from "@/lib/service/ports.ts";
import { contents, fingerprint, listen, writeSecrets, writeTheirs } from "../../attacks/ground.ts";
import type { Around } from "../../attacks/attempts/attempt.ts";
import type { ServerAround } from "../../attacks/attempts/server.ts";
import { processesNaming, PROJECT, temporaryFolder, until } from "../../sandbox/support.ts";
import { startServer, type TestServer } from "../../support/server.ts";
import { ask, startTask, until as untilEvent } from "./api.ts";

/** A server with secrets around it. */
export interface Ground extends AsyncDisposable {
  readonly server: TestServer;
  readonly level: Isolation;
  /** Folder of the secrets beside the data folder. */
  readonly secrets: string;
  /** Makes an attacker's session; what lies around it, as its code sees it. */
  attacker(): Promise<{ session_id: string; around: Around & ServerAround }>;
  /** Fails when anything got out, changed or is left. */
  lookAround(): Promise<void>;
}

const made = (what: string) => `canary-${what}-${crypto.randomUUID()}`;
const PLANTED = ["/tmp/planted", "/planted", `${PROJECT}/planted`];

/** Starts a server on a ground of its own; disposing of it ends it. */
export async function openGround(level: Isolation | "auto", env: Record<string, string> = {}): Promise<Ground> {
  const app = await ensureExecApp(PROJECT);
  const folder = temporaryFolder();
  const [secrets, data] = [`${folder.path}/secrets`, `${folder.path}/data`];
  Deno.mkdirSync(secrets);
  // The server's own cache: with another one it would have to ask a registry.
  const deno_dir = await denoDir();
  const cached = `${deno_dir}/holdfast-attack-${crypto.randomUUID()}.txt`;
  const canaries = { file: made("f"), env: made("e"), cache: made("c"), token: made("t"), secret: made("s") };
  const theirs = { file: made("of"), run: made("or") };
  writeSecrets(secrets, canaries.file);
  Deno.writeTextFileSync(cached, canaries.cache);
  const listener = listen(canaries.file);
  const server = await startServer({
    data,
    env: {
      HOLDFAST_SANDBOX: level,
      HOLDFAST_WARM: "0",
      HOLDFAST_TOKEN: canaries.token,
      HOLDFAST_SECRET_ATTACK: canaries.secret,
      HOLDFAST_ATTACK_CANARY: canaries.env,
      ...env,
    },
  });
  const sibling = await startTask(server, `# Theirs\n\n## Step\n\n${theirs.run}\n`);
  await untilEvent(server, sibling.session_id, "complete");
  const sibling_folder = `${data}/sessions/${sibling.session_id}`;
  writeTheirs(sibling_folder, theirs.file);
  const attackers: string[] = [];
  /** What must not change: each part with how it was when it was laid out. */
  const outside = new Map<() => string, string>();
  const watch = (look: () => string) => outside.set(look, look());
  for (const path of [secrets, sibling_folder, `${PROJECT}/workers/exec`, app.folder]) watch(() => fingerprint(path));
  watch(() => Deno.readTextFileSync(cached));
  watch(() => [...Deno.readDirSync(folder.path)].map(({ name }) => name).sort().join());
  const { isolation } = await ask(server, "GET", "/api/ready") as { isolation: Isolation };

  return {
    server,
    level: isolation,
    secrets,
    async attacker() {
      const { session_id } = await ask(server, "POST", "/api/sessions", { mode: "one-shot" });
      const work = `${data}/sessions/${session_id}`;
      writeTheirs(`${work}extra`, theirs.file);
      attackers.push(`${session_id}`);
      watch(() => fingerprint(`${work}extra`));
      const around = {
        ...{ secrets, work, sibling: sibling_folder, port: listener.port, app: app.folder, data, deno_dir, cached },
        inside: isolation === "bwrap" ? "/w" : work,
        boot: `${PROJECT}/workers/exec/boot.ts`,
        pid: server.pid,
        server_port: server.port,
      };
      return { session_id: `${session_id}`, around };
    },
    async lookAround() {
      await until(() => below(server.pid).length === 0, 10_000, "the end of all processes of the server");
      const children = `${data}/cache/children`;
      await until(() => [...Deno.readDirSync(children)].length === 0, 10_000, "the end of their caches");
      for (const [look, before] of outside) assertEquals(look(), before, "nothing outside has changed");
      assertEquals([...PLANTED, `${deno_dir}/planted`].filter((path) => exists(path)), []);
      assertEquals(listener.connections(), 0, "nobody connected");
      const all = [...Object.values(canaries), ...Object.values(theirs)];
      for (const session_id of attackers) {
        assertFree(await everythingOf(server, session_id), all, `the answers about session ${session_id}`);
        assertFree(contents(`${data}/sessions/${session_id}`), all, `the files of session ${session_id}`);
      }
      const { token: _token, ...others } = canaries;
      for (const path of ["/api/sessions?limit=100", "/api/pulse", "/api/metrics", "/api/ready", "/api/approvals"]) {
        assertFree(await textOf(server, path), Object.values(canaries), path);
      }
      assertFree(server.output(), all, "the server's log");
      assertFree(rawBytes(data), [...Object.values(others), theirs.file], "the store");
    },
    async [Symbol.asyncDispose]() {
      await Deno.remove(cached);
      await server.close();
      await listener.close();
      const left = processesNaming(folder.path);
      await folder[Symbol.asyncDispose]();
      assertEquals(left, [], "no process is left");
    },
  };
}

/** Where this Deno, and so the server that it starts, caches what it compiled. */
async function denoDir(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"], stderr: "null" }).output();
  return JSON.parse(new TextDecoder().decode(stdout)).denoDir;
}

function assertFree(text: string, canaries: readonly string[], where: string): void {
  for (const canary of canaries) assert(!text.includes(canary), `${canary} stands in ${where}`);
  assert(!text.includes("[redacted:"), `a secret was redacted in ${where}: it should not have come so far`);
}

async function textOf(server: TestServer, path: string): Promise<string> {
  const response = await fetch(new URL(path, server.url), { headers: { authorization: `Bearer ${server.token}` } });
  return await response.text();
}

/** Every answer of the server about a session: its log, its files, its runs. */
async function everythingOf(server: TestServer, session_id: string): Promise<string> {
  const base = `/api/sessions/${session_id}`;
  const texts = await Promise.all(
    ["", "/history", "/runs", "/files", "/export", "/events?after=0&limit=1000"].map((path) =>
      textOf(server, base + path)
    ),
  );
  return texts.join("\n");
}

/** The store as it lies on the disk, and its write-ahead log. */
function rawBytes(data: string): string {
  return ["holdfast.kv", "holdfast.kv-wal"].map((name) =>
    exists(`${data}/${name}`) ? new TextDecoder("latin1").decode(Deno.readFileSync(`${data}/${name}`)) : ""
  ).join("\n");
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Numbers of all processes below one. */
export function below(pid: number): number[] {
  const found: number[] = [];
  try {
    for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
      const children = Deno.readTextFileSync(`/proc/${pid}/task/${name}/children`).trim();
      for (const child of children.split(/\s+/).filter((one) => one !== "").map(Number)) {
        found.push(child, ...below(child));
      }
    }
  } catch {
    // Gone meanwhile.
  }
  return found;
}
