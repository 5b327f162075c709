// Tries to get out of the session's folder by paths, links and special files: attack table, files.
import { type Attempt, type Group, refused } from "./attempt.ts";

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
const oracle: Attempt[] = ["stat", "import", "resolve", "open", "list"].map((how) => ({
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
}));

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
const kernel = SPECIAL.flatMap((path) => [
  refused(`read ${path}`, `return Deno.readTextFileSync("${path}")`),
  refused(`write ${path}`, `return Deno.writeTextFileSync("${path}", "x", { create: false })`),
]);

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
/** Paths, oracles, files of the kernel, links. */
export const FILE_GROUPS: readonly Group[] = [
  { id: "SBX-ATT-7", rule: "no spelling of a path leads outside", attempts: paths },
  { id: "SBX-ATT-8", rule: "what is missing outside looks like what is there", attempts: oracle },
  { id: "SBX-ATT-9", rule: "files of the kernel are closed", attempts: kernel },
  { id: "SBX-ATT-10", rule: "links, renames, copies and writes across the border are refused", attempts: links },
];

/** Names of every kind that a block may give its files. */
export const ODD_NAMES: readonly string[] = [
  "new\nline",
  "esc\x1b[31m",
  "rtl\u202etxt",
  "-rf",
  "--allow-all",
  "x".repeat(255),
  "%2e%2e",
  "con:",
];
/** Removes everything in the block's folder, and the folder. */
export const DELETES_ITSELF =
  "for (const e of Deno.readDirSync('.')) Deno.removeSync(e.name, { recursive: true }); Deno.removeSync(Deno.cwd(), { recursive: true })";
