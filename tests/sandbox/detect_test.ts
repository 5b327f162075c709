// Which wall stands, and what is closed to children.
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { detectWalls, type Walls } from "@/lib/sandbox/detect.ts";
import { execCommand, workflowCommand } from "@/lib/sandbox/permissions.ts";
import { PROJECT, temporaryFolder } from "./support.ts";

const deno = Deno.execPath();

Deno.test("[SBX-WALL-1] auto takes the strongest wall that works, and a forced one is in force", async () => {
  const auto = await detectWalls({ isolation: "auto", deno });
  const bwrap = await detectWalls({ isolation: "bwrap", deno }).catch(() => undefined);
  assertEquals(auto.isolation, bwrap === undefined ? "limits" : "bwrap");
  assertEquals((await detectWalls({ isolation: "limits", deno })).isolation, "limits");
  const plain = await detectWalls({ isolation: "plain", deno });
  assertEquals(plain.isolation, "plain");
  assertEquals(plain.warnings.length, 1);
});

Deno.test("[SBX-WALL-2] a descriptor that the server inherited is found; Deno's own are not", async () => {
  using own = Deno.openSync("/dev/null");
  assert(own.isTerminal() === false);
  const before = (await detectWalls({ isolation: "limits", deno })).inherited_fds;
  const script = `
    import { detectWalls } from "${PROJECT}/lib/sandbox/detect.ts";
    const walls = await detectWalls({ isolation: "limits", deno: Deno.execPath() });
    Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(walls.inherited_fds)));`;
  await using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/find.ts`, script);
  const command = `exec 99</etc/hostname; exec ${deno} run -A --config ${PROJECT}/deno.json ${folder.path}/find.ts`;
  const { stdout } = await new Deno.Command("/bin/bash", { args: ["-c", command] }).output();
  const found: number[] = JSON.parse(new TextDecoder().decode(stdout));
  assertEquals(found, [...before, 99].sort((a, b) => a - b));
});

Deno.test("[SBX-WALL-3] without the right to read /proc it refuses to start and says what is missing", async () => {
  await using folder = temporaryFolder();
  Deno.writeTextFileSync(
    `${folder.path}/find.ts`,
    `import { detectWalls } from "${PROJECT}/lib/sandbox/detect.ts";
     await detectWalls({ isolation: "limits", deno: Deno.execPath() });`,
  );
  const args = ["run", "--allow-read", "--allow-run", "--config", `${PROJECT}/deno.json`, `${folder.path}/find.ts`];
  const { success, stderr } = await new Deno.Command(deno, { args }).output();
  assertFalse(success);
  assertStringIncludes(new TextDecoder().decode(stderr), "/proc is not readable");
});

const walls = (isolation: Walls["isolation"], inherited_fds: number[] = []): Walls => ({
  isolation,
  tools: { bwrap: "/usr/bin/bwrap", setpriv: "/usr/bin/setpriv", prlimit: "/usr/bin/prlimit", bash: "/bin/bash" },
  deno: "/opt/deno",
  libs: ["/lib/libc.so.6"],
  inherited_fds,
  warnings: [],
});
const plan = (w: Walls) => ({
  walls: w,
  app: "/app",
  tables: "/app/node_modules/.deno/vega/data",
  boot: "/boot.ts",
  work: "/data/a,b",
  deno_dir: "/cache/1",
  memory_mb: 100,
  disk_mb: 50,
  cpu_s: 10,
  read: ["/grant"],
  server_pid: 42,
});

Deno.test("[SBX-FLAGS-1] an exec gets its folder, the tables and its grants, and no other right", () => {
  for (const isolation of ["bwrap", "limits", "plain"] as const) {
    const { program, args, env } = execCommand(plan(walls(isolation)));
    const words = [program, ...args];
    const allowed = words.filter((word) => word.startsWith("--allow"));
    const work = isolation === "bwrap" ? "/w" : "/data/a,,b";
    const tables = isolation === "bwrap" ? "/h/app/node_modules/.deno/vega/data" : "/app/node_modules/.deno/vega/data";
    assertEquals(allowed, [
      "--allow-import=none.invalid",
      `--allow-read=${work},${tables},/grant`,
      `--allow-write=${work}`,
      "--allow-env=NODE_ENV",
    ]);
    for (const flag of ["--no-prompt", "--cached-only", "--frozen", "--no-remote", "--deny-net", "--deny-run"]) {
      assert(words.includes(flag), flag);
    }
    assert(words.some((word) => word.startsWith("--config=") && word.endsWith("/deno.json")));
    assertFalse(words.some((word) => word.startsWith("--unstable") || word === "-A"));
    const set = isolation === "bwrap" ? words.filter((_, i) => words[i - 2] === "--setenv") : Object.values(env);
    assertEquals(set.length, 5);
    assertEquals("PATH" in env || words.includes("PATH") || words.includes("HOME"), false);
  }
});

Deno.test("[SBX-FLAGS-2] a workflow sandbox gets no right, or its own workflows' folder to read", () => {
  const base = {
    walls: walls("limits"),
    project: "/p",
    program: "/p/workers/main.ts",
    deno_dir: "/c",
    memory_mb: 100,
    server_pid: 42,
  };
  const none = workflowCommand(base).args.filter((word) => word.startsWith("--allow"));
  assertEquals(none, ["--allow-import=none.invalid"]);
  const own = workflowCommand({ ...base, workflows: "/mine" }).args.filter((word) => word.startsWith("--allow"));
  assertEquals(own, ["--allow-import=none.invalid", "--allow-read=/mine"]);
});

Deno.test("[SBX-FLAGS-3] inherited descriptors are closed before anything else runs", () => {
  const { program, args } = execCommand(plan(walls("limits", [7, 251])));
  assertEquals(program, "/bin/bash");
  assert(args.some((word) => word.startsWith("exec 7>&-; exec 251>&-;")));
});
