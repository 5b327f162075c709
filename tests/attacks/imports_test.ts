// Code from outside tries to load what it may not read: attack table, imports and packages.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Arena, attack, attackInGroups } from "./arena.ts";
import { IMPORT_GROUPS, importingBlocks } from "./attempts/imports.ts";
import { spec } from "../sandbox/support.ts";

attack("[SBX-ATT-1] a block whose own static import names an outside file is refused", async ({ run, secrets }) => {
  for (const { code, ends } of importingBlocks(secrets)) {
    const result = await run(code);
    assertEquals([result.ended, result.exit_code, result.stdout], ["denied", 77, ""], `${code}\n${result.stderr}`);
    assertMatch(result.message ?? "", ends);
  }
});

attackInGroups(IMPORT_GROUPS);

attack("[SBX-ATT-4] configuration that lies in the folder has no effect", async (arena) => {
  const { run } = arena;
  const plant = {
    "deno.json": JSON.stringify({
      imports: { zod: "./fake.ts" },
      unstable: ["kv", "ffi", "raw-imports"],
      permissions: { default: { read: true } },
      nodeModulesDir: "manual",
    }),
    "package.json": JSON.stringify({ imports: { "#x": "./fake.ts" }, dependencies: { "is-odd": "*" } }),
    "deno.lock": "{}",
    ".npmrc": `registry=http://127.0.0.1:${arena.port}/`,
    ".env": "PLANTED=1",
    "fake.ts": "export const z = 'fake'; export default z;",
    "node_modules/evil/package.json": JSON.stringify({ name: "evil", main: "index.js" }),
    "node_modules/evil/index.js": "module.exports = 'evil'",
    "node_modules/zod/package.json": JSON.stringify({ name: "zod", main: "index.js" }),
    "node_modules/zod/index.js": "module.exports = { z: 'fake' }",
  };
  const code = `
    const said = [];
    said.push(typeof (await import("zod")).z.object);
    said.push(typeof Deno.openKv);
    said.push(await import("../fake.ts", { with: { type: "bytes" } }).then(() => "loaded", () => "refused"));
    said.push(await import("evil").then(() => "loaded", () => "refused"));
    said.push(await import("is-odd").then(() => "loaded", () => "refused"));
    try { said.push(String(Deno.env.get("PLANTED"))); } catch (error) { said.push(error.name); }
    try { Deno.readTextFileSync(${
    JSON.stringify(arena.secrets + "/secret.txt")
  }); } catch (error) { said.push(error.name); }
    console.log(said.join(" "));`;
  const result = await run(spec({ code, language: "ts", files: plant }));
  assertEquals(result.stdout, "function undefined refused refused refused NotCapable NotCapable\n", result.stderr);
});

attack("[SBX-ATT-6] a source map that points outside shows nothing of it", async (arena: Arena) => {
  for (const name of ["secret.txt", "secret.map", "secret.json"]) {
    const path = `${arena.secrets}/${name}`;
    const result = await arena.run(`throw new Error("boom");\n//# sourceMappingURL=file://${path}\n`);
    assertEquals(result.ended, "exit");
    assert(!result.stderr.includes(arena.canary));
  }
  const zero = await arena.run(
    spec(`throw new Error("boom");\n//# sourceMappingURL=file:///dev/zero\n`, { timeout_s: 60 }),
  );
  assertEquals(zero.ended, "exit");
});
