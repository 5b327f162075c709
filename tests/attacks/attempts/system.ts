// Tries the environment, the network, other programs, the runtime's own back doors: attack table, system.
import { type Attempt, type Group, REFUSED, refused, refusedByNode } from "./attempt.ts";

const environment: Attempt[] = [
  refused("canary", `return Deno.env.get("HOLDFAST_ATTACK_CANARY")`),
  refused("home", `return Deno.env.get("HOME")`),
  refused("path", `return Deno.env.get("PATH")`),
  refused("all", `return Deno.env.toObject()`),
  refused("set", `Deno.env.set("X", "1")`),
  refusedByNode("process", `return (await import("node:process")).default.env.HOME`),
  refusedByNode("process_all", `return Object.keys((await import("node:process")).default.env)`),
  { name: "node_env", code: `return Deno.env.get("NODE_ENV")`, expect: /^got: production$/ },
  refusedByNode("home_dir", `return (await import("node:os")).homedir()`),
  refusedByNode("user", `return (await import("node:os")).userInfo()`),
  refused("hostname", `return Deno.hostname()`),
  refused("interfaces", `return Deno.networkInterfaces()`),
  refused("uid", `return Deno.uid()`),
  refused("load", `return Deno.loadavg()`),
  refused("uptime", `return Deno.osUptime()`),
  {
    name: "ask_for_more",
    code: `const all = await Promise.all(["read", "write", "net", "env", "run", "ffi", "sys"].map(async (name) =>
        (await Deno.permissions.request({ name })).state)); return [...new Set(all)].join()`,
    expect: /^got: denied(,prompt)?$|^got: prompt,denied$/,
  },
];

const network: Attempt[] = [
  refused("connect", `return await Deno.connect({ port: A.port })`),
  refused("fetch", `return await (await fetch("http://127.0.0.1:" + A.port)).text()`),
  refused("fetch_name", `return await (await fetch("http://localhost:" + A.port)).text()`),
  refused("listen", `return Deno.listen({ port: 0 })`),
  refused("serve", `return Deno.serve({ port: 0 }, () => new Response("x"))`),
  refused("unix_listen", `return Deno.listen({ transport: "unix", path: "socket" })`),
  refused("unix_connect", `return await Deno.connect({ transport: "unix", path: A.inside + "/socket" })`),
  refused("unix_serve", `return Deno.serve({ path: A.inside + "/socket" }, () => new Response("x"))`),
  {
    name: "dns",
    code: `return await Deno.resolveDns("example.com", "A")`,
    expect: { limits: /^NotCapable: /, bwrap: /^(NotCapable|NotFound|\w+): / },
  },
  { name: "websocket", code: `return new WebSocket("ws://127.0.0.1:" + A.port).url`, expect: REFUSED },
  {
    name: "event_source",
    code: `return await new Promise((resolve, reject) => {
        const source = new EventSource("http://127.0.0.1:" + A.port);
        source.onerror = () => { source.close(); reject(new Error("no connection")); };
        source.onopen = () => resolve("open");
      })`,
    expect: /^(Error|NotCapable): /,
  },
  refusedByNode(
    "node_net",
    `const net = await import("node:net"); return await new Promise((resolve, reject) => net.connect(A.port, "127.0.0.1").on("data", (d) => resolve(String(d))).on("error", reject))`,
  ),
  refusedByNode(
    "node_http",
    `const http = await import("node:http"); return await new Promise((resolve, reject) => http.get("http://127.0.0.1:" + A.port, resolve).on("error", reject))`,
  ),
  {
    name: "node_dns",
    code: `const dns = await import("node:dns/promises"); return await dns.lookup("localhost")`,
    expect: /EPERM|NotCapable/,
  },
];

const programs: Attempt[] = [
  {
    name: "command",
    code: `return new Deno.Command("/bin/cat", { args: [A.secrets + "/secret.txt"] }).outputSync().code`,
    expect: /^(NotCapable|NotFound): /,
  },
  { name: "by_name", code: `return new Deno.Command("ls").outputSync().code`, expect: /^(NotCapable|NotFound): / },
  refused("deno", `return new Deno.Command(Deno.execPath(), { args: ["eval", "1"] }).outputSync().code`),
  {
    name: "which_programs_exist",
    code: `const ask = (name) => { try { new Deno.Command(name).outputSync(); } catch (error) { return error.name; } };
        return ask("ls") === ask("no-such-program") ? "same" : "told apart"`,
    expect: /^got: same$/,
  },
  {
    name: "node_spawn",
    code:
      `const { spawnSync } = await import("node:child_process"); const r = spawnSync("/bin/cat", [A.secrets + "/secret.txt"]); if (r.error) throw r.error; return String(r.stdout)`,
    expect: /NotCapable|Requires|NotFound|ENOENT|EACCES|EPERM/,
  },
  {
    name: "node_exec",
    code: `const { execSync } = await import("node:child_process"); return String(execSync("id"))`,
    expect: /^(?!got: .*uid)/,
  },
  refusedByNode(
    "node_fork",
    `const { fork } = await import("node:child_process"); return await new Promise((resolve, reject) => fork(A.inside + "/x.ts").on("error", reject).on("exit", resolve))`,
  ),
  refused("ffi", `return Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {})`),
  refusedByNode(
    "process_dlopen",
    `const process = (await import("node:process")).default; return process.dlopen({ exports: {} }, A.inside + "/x.node")`,
  ),
  refusedByNode(
    "native_module",
    `const { createRequire } = await import("node:module"); Deno.writeTextFileSync("x.node", "x"); return createRequire(import.meta.url)(A.inside + "/x.node")`,
  ),
  refused("kill_parent", `Deno.kill(Deno.ppid, "SIGKILL")`),
  refused("kill_group", `Deno.kill(0, "SIGKILL")`),
  refused("kill_all", `Deno.kill(-1, "SIGKILL")`),
  refused("kill_one", `Deno.kill(1, "SIGTERM")`),
  refused("kill_own_group", `Deno.kill(-Deno.pid, "SIGKILL")`),
  refusedByNode(
    "node_kill",
    `const process = (await import("node:process")).default; return process.kill(Deno.ppid, "SIGTERM")`,
  ),
];

const databases: Attempt[] = [
  { name: "kv", code: `return typeof Deno.openKv`, expect: /^got: undefined$/ },
  refusedByNode(
    "open_outside",
    `const { DatabaseSync } = await import("node:sqlite"); return new DatabaseSync(A.secrets + "/planted.db").location()`,
  ),
  ...["ATTACH DATABASE '$' AS x", "VACUUM INTO '$'"].map((sql): Attempt => ({
    name: sql,
    code: `const { DatabaseSync } = await import("node:sqlite"); const db = new DatabaseSync("own.db");
        db.exec("CREATE TABLE IF NOT EXISTS t (x)"); db.exec("${sql}".replace("$", A.secrets + "/planted.db")); return "done"`,
    expect: /^\w*Error: |^NotCapable: /,
  })),
  refusedByNode(
    "extension",
    `const { DatabaseSync } = await import("node:sqlite"); return new DatabaseSync(":memory:", { allowExtension: true }).loadExtension("/lib/x.so")`,
  ),
];

const doors: Attempt[] = [
  refusedByNode("inspector", `(await import("node:inspector")).open(0); return "open"`),
  refusedByNode(
    "heap_snapshot",
    `return (await import("node:v8")).writeHeapSnapshot(A.secrets + "/planted.heapsnapshot")`,
  ),
  {
    name: "v8_flags",
    code: `const v8 = await import("node:v8");
        for (const flag of ["--logfile=" + A.secrets + "/planted.log", "--log", "--prof", "--allow-natives-syntax", "--max-old-space-size=9999"]) v8.setFlagsFromString(flag);
        try { return String(new Function("return %GetHeapUsage()")()); } catch { return "no natives"; }`,
    expect: /^got: no natives$|^\w+: /,
  },
  {
    name: "storage",
    code: `return [typeof localStorage, typeof sessionStorage, typeof caches].join()`,
    expect: /^got: undefined,undefined,undefined$/,
  },
  { name: "gpu", code: `return String(await navigator.gpu?.requestAdapter())`, expect: /^got: (null|undefined)$/ },
  {
    name: "descriptors",
    code: `const fs = await import("node:fs"); const open = [];
        for (let fd = 3; fd < 300; fd++) { try { fs.fstatSync(fd); open.push(fd); } catch {} }
        return open.join()`,
    expect: /^got: $/,
  },
  {
    name: "where_am_i",
    code: `return [Deno.execPath(), Deno.cwd(), Deno.args.length].join()`,
    expect: { limits: /^got: \/.*,0$/, bwrap: /^got: \/h\/deno,\/w,0$/ },
  },
];

const ops: Attempt[] = [
  "op_fs_stat_sync(secret, new Uint32Array(64))",
  "op_fs_copy_file_sync(secret, A.inside + '/stolen')",
  "op_fs_link_sync(secret, A.inside + '/stolen')",
  "op_fs_rename_sync(secret, A.inside + '/stolen')",
  "op_fs_chmod_sync(secret, 0o777)",
  "op_fs_remove_sync(A.secrets, true)",
  "op_fs_chdir(A.secrets)",
  "op_node_open_sync(secret, 0, 0)",
  "op_node_fs_exists_sync(secret)",
  "op_node_load_env_file(A.secrets + '/secret.env')",
  "op_require_stat(secret)",
  "op_node_rmdir_sync(A.secrets)",
  "op_set_env('X', '1')",
  "op_os_uptime()",
  "op_node_process_setuid('root')",
  "op_ffi_ptr_create(4096n)",
  "op_ffi_ptr_of_exact(new Uint8Array(8))",
].map((call) => ({
  name: call,
  code: `const secret = A.secrets + "/secret.txt"; return Deno[Deno.internal].core.ops.${call}`,
  expect: /^NotCapable: /,
}));
/** Environment, network, programs, databases, back doors. */
export const SYSTEM_GROUPS: readonly Group[] = [
  {
    id: "SBX-ATT-15",
    rule: "the environment is closed, and empty but for what Deno needs",
    attempts: environment,
  },
  { id: "SBX-ATT-16", rule: "there is no network, in any spelling", attempts: network },
  { id: "SBX-ATT-17", rule: "no program starts, nothing native loads, nobody is signalled", attempts: programs },
  { id: "SBX-ATT-18", rule: "databases stay in the folder", attempts: databases },
  { id: "SBX-ATT-19", rule: "the runtime's own doors are closed", attempts: doors },
  {
    id: "SBX-ATT-22",
    rule: "calling the runtime's operations directly asks for the same rights",
    attempts: ops,
  },
];
