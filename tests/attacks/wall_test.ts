// What is left when Deno's own permissions fail completely: the wall of the operating system alone.
import { assert, assertEquals } from "@std/assert";
import { detectWalls } from "@/lib/sandbox/detect.ts";
import { ensureExecApp } from "@/lib/sandbox/exec_app.ts";
import { execCommand } from "@/lib/sandbox/permissions.ts";
import { Subprocess } from "@/lib/sandbox/subprocess.ts";
import { inArena, LEVELS } from "./arena.ts";
import { clock, PROJECT, temporaryFolder } from "../sandbox/support.ts";

const missing = LEVELS.find(({ level }) => level === "bwrap")?.missing ?? "";

/** Runs code behind the wall with every right that Deno can give. */
async function withAllRights(code: string): Promise<Record<string, string>> {
  await using folder = temporaryFolder();
  const work = `${folder.path}/w`;
  const deno_dir = `${folder.path}/d`;
  for (const path of [work, deno_dir]) Deno.mkdirSync(path);
  Deno.writeTextFileSync(`${work}/block.ts`, code);
  const app = await ensureExecApp(PROJECT);
  const command = execCommand({
    walls: await detectWalls({ isolation: "bwrap", deno: Deno.execPath() }),
    app: app.folder,
    boot: `${PROJECT}/workers/exec/boot.ts`,
    work,
    deno_dir,
    memory_mb: 512,
    disk_mb: 100,
    cpu_s: 20,
    read: [],
    server_pid: Deno.pid,
  });
  const flags = command.args.filter((word) => !/^--(allow|deny)-/.test(word));
  const run = flags.indexOf("run");
  const child = Subprocess.spawn({ ...command, args: flags.toSpliced(run + 1, 0, "-A") }, clock);
  child.writeLine(JSON.stringify({ path: "/w/block.ts" }));
  child.closeInput();
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.gone,
  ]);
  assert(out !== "", err);
  return JSON.parse(out);
}

Deno.test(`[SBX-ATT-29] with every right of Deno's nothing outside is reached behind bwrap ${missing}`, {
  ignore: missing !== "",
}, () =>
  inArena("bwrap", async (arena) => {
    const { secrets, sibling, port, app } = arena;
    const victim = new Deno.Command("/bin/sleep", { args: ["60"] }).spawn();
    const tries: Record<string, string> = {
      secret: `Deno.readTextFileSync("${secrets}/secret.txt")`,
      sibling: `Deno.readTextFileSync("${sibling}/theirs.txt")`,
      passwd: `Deno.readTextFileSync("/etc/passwd")`,
      resolver: `Deno.readTextFileSync("/etc/resolv.conf")`,
      host_environment: `Deno.readTextFileSync("/proc/${Deno.pid}/environ")`,
      host_kill: `Deno.kill(${victim.pid}, "SIGKILL")`,
      parent_environment:
        `Deno.readTextFileSync("/proc/1/environ").includes("HOLDFAST_ATTACK") || (() => { throw new Error("nothing of ours") })()`,
      connect: `(await Deno.connect({ port: ${port} })).close()`,
      shell: `new Deno.Command("/bin/sh", { args: ["-c", "true"] }).outputSync().code`,
      write_temp: `Deno.writeTextFileSync("/tmp/planted", "x")`,
      write_root: `Deno.writeTextFileSync("/planted", "x")`,
      write_app: `Deno.writeTextFileSync("/h/app/deno.json", "x")`,
      write_boot: `Deno.writeTextFileSync("/h/boot.ts", "x")`,
      write_deno: `Deno.writeTextFileSync("/h/deno", "x")`,
      write_package: `Deno.writeTextFileSync("/h/app/node_modules/zod/package.json", "x")`,
      project: `Deno.readTextFileSync("${app}/deno.json")`,
      escape_by_link: `Deno.symlinkSync("${secrets}", "/w/link"); Deno.readTextFileSync("/w/link/secret.txt")`,
    };
    const code = `
      const said = {};
      ${
      Object.entries(tries).map(([name, body]) => `
        try { await (async () => { ${body} })(); said.${name} = "done"; } catch (error) { said.${name} = "failed: " + error.message; }`)
        .join("\n")
    }
      const status = Deno.readTextFileSync("/proc/self/status");
      said.capabilities = [...status.matchAll(/^Cap\\w+:\\s*(\\w+)/gm)].map((match) => BigInt("0x" + match[1])).reduce((a, b) => a + b, 0n).toString();
      said.no_new_privileges = /NoNewPrivs:\\s*(\\d)/.exec(status)?.[1];
      said.root = [...Deno.readDirSync("/")].map((entry) => entry.name).sort().join();
      said.processes = [...Deno.readDirSync("/proc")].filter((entry) => /^\\d+$/.test(entry.name)).length.toString();
      console.log(JSON.stringify(said));`;
    const said = await withAllRights(code);
    const done = Object.keys(tries).filter((name) => !said[name]?.startsWith("failed"));
    assertEquals(done, [], JSON.stringify(said, null, 1));
    assertEquals([said["capabilities"], said["no_new_privileges"]], ["0", "1"]);
    for (const name of (said["root"] ?? "").split(",")) {
      assert(["dd", "dev", "h", "lib", "lib64", "proc", "usr", "w"].includes(name), said["root"]);
    }
    assert(Number(said["processes"]) <= 3, said["processes"]);
    victim.kill("SIGTERM");
    assertEquals((await victim.status).signal, "SIGTERM");
  }));
