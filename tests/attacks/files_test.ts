// Code from outside tries to get out of its folder by paths, links and special files: attack table, files.
import { assert, assertEquals } from "@std/assert";
import { type Arena, attack, type Attempt, attemptAll, REFUSED } from "./arena.ts";
import { spec } from "../sandbox/support.ts";

const refused = (name: string, code: string): Attempt => ({ name, code, expect: REFUSED });

const paths: Attempt[] = [
  refused("absolute", `return Deno.readTextFileSync(A.secrets + "/secret.txt")`),
  refused("url", `return Deno.readTextFileSync(new URL("file://" + A.secrets + "/secret.txt"))`),
  refused("sibling", `return Deno.readTextFileSync(A.sibling + "/theirs.txt")`),
  refused("dots", `return Deno.readTextFileSync("../" + A.sibling.split("/").at(-1) + "/theirs.txt")`),
  refused(
    "deep_dots",
    `Deno.mkdirSync("a/b", { recursive: true }); return Deno.readTextFileSync("a/b/../../.." + A.secrets)`,
  ),
  refused("encoded_dots", `return Deno.readTextFileSync(new URL("file://" + A.inside + "/%2e%2e/%2e%2e/x"))`),
  refused("slashes", `return Deno.readTextFileSync("//" + A.secrets + "//secret.txt")`),
  { name: "nul", code: `return Deno.readTextFileSync(A.secrets + "/secret.txt\\0.png")`, expect: /^\w+: / },
  refused("other_case", `return Deno.readTextFileSync(A.inside.toUpperCase() + "/x")`),
  refused("prefix", `return Deno.readTextFileSync(A.work + "extra/theirs.txt")`),
  refused("prefix_inside", `return Deno.readTextFileSync(A.inside + "extra/theirs.txt")`),
  refused("through_packages", `return Deno.readTextFileSync(A.app + "/node_modules/../../../../deno.json")`),
  refused("app_config", `return Deno.readTextFileSync(A.app + "/deno.json")`),
  refused("boot_read", `return Deno.readTextFileSync(A.boot)`),
  refused("chdir", `Deno.chdir("/"); return Deno.cwd()`),
  refused("list_root", `return [...Deno.readDirSync("/")].length`),
  refused("list_sessions", `return [...Deno.readDirSync("..")].length`),
  refused("stat", `return Deno.statSync(A.secrets + "/secret.txt").size`),
  refused("lstat", `return Deno.lstatSync(A.secrets + "/secret.txt").size`),
  refused("real_path", `return Deno.realPathSync(A.secrets + "/secret.txt")`),
  refused("watch", `return Deno.watchFs(A.secrets)`),
  {
    name: "node_fs",
    code: `const fs = await import("node:fs"); return fs.readFileSync(A.secrets + "/secret.txt", "utf8")`,
    expect: /Requires read access/,
  },
  {
    name: "node_stream",
    code:
      `const fs = await import("node:fs"); return await new Promise((resolve, reject) => fs.createReadStream(A.secrets + "/secret.txt").on("data", (d) => resolve(String(d))).on("error", reject))`,
    expect: /Requires read access/,
  },
  {
    name: "node_glob",
    code: `const fs = await import("node:fs"); return fs.globSync(A.secrets + "/*").join()`,
    expect: /NotCapable|^got: $/,
  },
  {
    name: "fetch_file",
    code: `return await (await fetch("file://" + A.secrets + "/secret.txt")).text()`,
    expect: /Requires read access/,
  },
];
attack("[SBX-ATT-7] no spelling of a path leads outside", (arena) => attemptAll(arena, paths));

attack(
  "[SBX-ATT-8] what is missing outside looks like what is there",
  (arena) =>
    attemptAll(
      arena,
      ["stat", "import", "resolve", "open", "list"].map((how) => ({
        name: how,
        code: `
      const { createRequire } = await import("node:module");
      const ask = {
        stat: (p) => Deno.statSync(p),
        import: (p) => import(p),
        resolve: (p) => createRequire(import.meta.url).resolve(p),
        open: (p) => Deno.openSync(p),
        list: (p) => Deno.readDirSync(p).next(),
      }["${how}"];
      const answer = async (path) => {
        try { await ask(path); return "there"; } catch (error) { return (error.name + error.message).replaceAll(path, "P"); }
      };
      const there = await answer(A.secrets + "/secret.ts");
      const missing = await answer(A.secrets + "/missing.ts");
      return there === missing ? "same" : there + " | " + missing;`,
        expect: /^got: same$/,
      })),
    ),
);

const SPECIAL = [
  "/proc/self/environ",
  "/proc/self/cmdline",
  "/proc/self/fd",
  "/proc/self/fd/0",
  "/proc/self/maps",
  "/proc/self/mem",
  "/proc/self/root/etc/passwd",
  "/proc/1/environ",
  "/proc/version",
  "/dev/stdin",
  "/dev/tty",
  "/dev/zero",
  "/dev/fd/0",
  "/sys/kernel/uevent_seqnum",
];
attack("[SBX-ATT-9] files of the kernel are closed", (arena) =>
  attemptAll(
    arena,
    SPECIAL.flatMap((path) => [
      refused(`read ${path}`, `return Deno.readTextFileSync("${path}")`),
      refused(`write ${path}`, `return Deno.writeTextFileSync("${path}", "x", { create: false })`),
    ]),
  ));

/** Making a link takes rights to everything: what it points to is decided later. */
const NO_LINK = /^NotCapable: .*requires unscoped/;
const links: Attempt[] = [
  { name: "symlink_out", code: `Deno.symlinkSync(A.secrets + "/secret.txt", "l1")`, expect: NO_LINK },
  { name: "symlink_in", code: `Deno.writeTextFileSync("t", "x"); Deno.symlinkSync("t", "l2")`, expect: NO_LINK },
  {
    name: "node_symlink",
    code: `(await import("node:fs")).symlinkSync(A.secrets, "l3")`,
    expect: NO_LINK,
  },
  refused("hard_link_out", `Deno.linkSync(A.secrets + "/secret.txt", "h1")`),
  {
    name: "hard_link_in",
    code: `Deno.writeTextFileSync("t", "x"); Deno.linkSync("t", "h2"); return "made"`,
    expect: /^got: made$/,
  },
  refused("rename_in", `Deno.renameSync(A.secrets + "/secret.txt", "stolen")`),
  refused("rename_out", `Deno.writeTextFileSync("t", "x"); Deno.renameSync("t", A.secrets + "/planted")`),
  refused("copy_in", `Deno.copyFileSync(A.secrets + "/secret.txt", "stolen")`),
  refused("copy_out", `Deno.writeTextFileSync("t", "x"); Deno.copyFileSync("t", A.secrets + "/planted")`),
  refused("write_secret", `Deno.writeTextFileSync(A.secrets + "/secret.txt", "x")`),
  refused("truncate", `Deno.truncateSync(A.secrets + "/secret.txt")`),
  refused("remove", `Deno.removeSync(A.secrets, { recursive: true })`),
  refused("chmod", `Deno.chmodSync(A.secrets + "/secret.txt", 0o777)`),
  refused("chown", `Deno.chownSync(A.secrets + "/secret.txt", 0, 0)`),
  refused("utime", `Deno.utimeSync(A.secrets + "/secret.txt", 0, 0)`),
  refused("mkdir", `Deno.mkdirSync(A.secrets + "/planted")`),
  refused("temp", `return Deno.makeTempDirSync()`),
  refused("write_sibling", `Deno.writeTextFileSync(A.sibling + "/planted", "x")`),
  refused("write_boot", `Deno.writeTextFileSync(A.boot, "x")`),
  refused("write_app", `Deno.writeTextFileSync(A.app + "/deno.json", "{}")`),
  refused("write_host_boot", `Deno.writeTextFileSync("/h/boot.ts", "x")`),
  {
    name: "setuid",
    code: `Deno.writeTextFileSync("s", "x"); Deno.chmodSync("s", 0o6777); return "made"`,
    expect: /^(got: made|\w+: )/,
  },
];
attack(
  "[SBX-ATT-10] links, renames, copies and writes across the border are refused",
  (arena) => attemptAll(arena, links),
);

attack("[SBX-ATT-11] a link that lies in the folder is never followed: the host refuses to run", async (arena) => {
  const { run, work, secrets } = arena;
  await run("1");
  for (const [name, target] of [["file", `${secrets}/secret.txt`], ["folder", secrets], ["proc", "/proc/self"]]) {
    Deno.symlinkSync(target ?? "", `${work}/${name}`);
    const result = await run(
      `console.log(Deno.readTextFileSync("${name}"), Deno.readTextFileSync("${name}/secret.txt"))`,
    );
    assertEquals([result.ok, result.ended, result.stdout], [false, "denied", ""]);
    Deno.removeSync(`${work}/${name}`);
  }
  assert((await run("console.log('fine')")).ok);
});

attack("[SBX-ATT-12] code that deletes its own folder harms nobody", async ({ run, work }) => {
  const result = await run(
    "for (const e of Deno.readDirSync('.')) Deno.removeSync(e.name, { recursive: true }); Deno.removeSync(Deno.cwd(), { recursive: true })",
  );
  assert(result.ended === "exit", JSON.stringify(result));
  assert(Deno.lstatSync(work).isDirectory);
  const next = await run("Deno.writeTextFileSync('a', 'x'); console.log('fine')");
  assertEquals([next.ok, next.files], [true, ["a"]], next.stderr);
});

attack("[SBX-ATT-13] names of every kind are made, listed and never taken for something else", async ({ run }) => {
  const names = ["new\nline", "esc\x1b[31m", "rtl\u202etxt", "-rf", "--allow-all", "x".repeat(255), "%2e%2e", "con:"];
  const result = await run(`for (const name of ${JSON.stringify(names)}) Deno.writeTextFileSync(name, "x");
    try { Deno.writeTextFileSync("x".repeat(256), "x"); } catch (error) { console.log(error.name); }`);
  assertEquals(result.files.toSorted(), names.toSorted());
  assert(/^\w+\n$/.test(result.stdout), result.stdout);
});

attack("[SBX-ATT-14] two sessions at once see nothing of each other", async (arena: Arena) => {
  const hello = `
    const A = ${JSON.stringify({ work: arena.work, sibling: arena.sibling })};
    const said = [];
    const channel = new BroadcastChannel("meet");
    channel.onmessage = (event) => said.push("heard " + event.data);
    for (let i = 0; i < 20; i++) {
      channel.postMessage("mine" + Deno.pid);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    channel.close();
    for (const path of [A.work, A.sibling]) {
      try { Deno.writeTextFileSync(path + "/note", "x"); said.push("wrote"); } catch { said.push("refused"); }
    }
    try { Deno.removeSync(A.work + "/note"); } catch {}
    try { Deno.removeSync(A.sibling + "/note"); } catch {}
    console.log(said.join(" "));`;
  const [one, two] = await Promise.all([arena.run(spec(hello)), arena.runElsewhere(spec(hello))]);
  const own = arena.level === "bwrap" ? "refused refused\n" : undefined;
  assertEquals(one.stdout, own ?? "wrote refused\n");
  assertEquals(two.stdout, own ?? "refused wrote\n");
});
