// The folder of own workflows, read by real sandboxes: what becomes a mode, what does not and why, and that one broken
// file hides nothing else.
import { assert, assertEquals, assertNotEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { createSandboxes, type HostSandboxes } from "@/lib/sandbox/sandboxes.ts";
import type { Isolation } from "@/lib/service/ports.ts";
import { clock, ids, PROJECT, TEMPLATES, temporaryFolder } from "./support.ts";

/** A workflow's text. */
const flow = (id: string, more = "", run = "return 1;") =>
  `import { defineWorkflow, z } from "@holdfast/sdk";
${more}
export default defineWorkflow({ id: "${id}", config: z.strictObject({ n: z.int().default(1) }), async run(ctx) { ${run} } });
`;

interface Shelf {
  readonly sandboxes: HostSandboxes;
  /** The folder of workflows. */
  readonly folder: string;
  /** What lies beside it. */
  readonly beside: string;
  write(path: string, text: string): void;
  /** Ids of own modes, and what is wrong, by file. */
  look(): Promise<{ modes: string[]; problems: Record<string, string> }>;
}

async function withFolder(
  files: Record<string, string>,
  fn: (shelf: Shelf) => Promise<void>,
  more: { isolation?: Isolation; memory_mb?: number } = {},
): Promise<void> {
  await using data = temporaryFolder();
  await using ground = temporaryFolder();
  const folder = `${ground.path}/flows`;
  const write = (path: string, text: string) => {
    Deno.mkdirSync(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(`${folder}/${path}`, text);
  };
  Deno.mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) write(path, text);
  const sandboxes = await createSandboxes({
    project_root: PROJECT,
    data_dir: data.path,
    isolation: more.isolation ?? "limits",
    warm: 0,
    memory_mb: more.memory_mb ?? 512,
    deno: Deno.execPath(),
    clock,
    ids,
    templates_dir: TEMPLATES,
    workflows_dir: folder,
  });
  const look = async () => {
    const { workflows, problems } = await sandboxes.describe();
    assert(workflows.some(({ id }) => id === "one-shot"), "built-in modes are there whatever lies in the folder");
    const modes = workflows.filter(({ own }) => own !== undefined).map(({ id }) => id);
    return { modes, problems: Object.fromEntries(problems.map(({ file, reason }) => [file, reason])) };
  };
  try {
    await fn({ sandboxes, folder, beside: ground.path, write, look });
  } finally {
    await sandboxes.close();
  }
}

for (const isolation of ["limits", "bwrap"] as const) {
  Deno.test(`[OWN1] each workflow of the folder is a mode beside the built-in ones, with files below it: ${isolation}`, () =>
    withFolder({
      "a.ts": flow(
        "report",
        `import { title } from "./parts/title.ts"; import zod from "zod"; title satisfies string;`,
      ),
      "parts/title.ts": `export const title: string = "T";`,
      "b.ts": flow("other"),
      "_draft.ts": "not looked at (",
      "a_test.ts": "not looked at (",
      "types.d.ts": "not looked at (",
      "notes.md": "not looked at",
    }, async ({ sandboxes, look }) => {
      assertEquals(await look(), { modes: ["report", "other"], problems: {} });
      const found = (await sandboxes.describe()).workflows.find(({ id }) => id === "report");
      assertEquals(Object.keys(found?.own?.sources ?? {}).sort(), ["a.ts", "parts/title.ts"]);
      assertEquals(found?.config_schema["additionalProperties"], false);
      assertEquals(found?.own?.digest, found?.source_digest);
    }, { isolation }));
}

/** What can be wrong with a file, and words of the reason. */
const BROKEN: Record<string, [text: string, ...words: string[]]> = {
  syntax: ["export const a = ;", "broken.ts:1:18", "Unexpected"],
  throws: [`${flow("broken")}\nthrow new Error("at import");`, "at import", "broken.ts:5:7"],
  "no default export": [flow("broken").replace("export default", "export const flow ="), "no default export"],
  "another default export": ["export default 5;", "its default export is something else"],
  "what looks like a workflow": [
    `export default { id: "broken", version: 1, config: {}, run() {} };`,
    "its default export is something else",
  ],
  "id of a built-in mode": [flow("one-shot"), `its id "one-shot" is that of a built-in mode`],
  "id of another file": [flow("good"), `its id "good" is that of a.ts`],
  "bad id": [flow("Not An Id"), `Cannot define workflow "Not An Id"`, "broken.ts:3"],
  "bad version": [
    flow("broken").replace(`id: "broken"`, `id: "broken", version: 0`),
    "its version is 0",
  ],
  "config that takes any key": [flow("broken").replace("strictObject", "object"), "config is no strict object"],
  "config with such an object inside": [
    flow("broken").replace("z.int().default(1)", "z.object({ m: z.string() })"),
    "config.n is no strict object",
  ],
  "config that no JSON Schema says": [
    flow("broken").replace("z.int().default(1)", "z.map(z.string(), z.string())"),
    "JSON Schema",
  ],
  "a package": [`import "lodash";\n${flow("broken")}`, "broken.ts:1:8", `it imports "lodash"`],
  "a package by its registry": [`import "npm:echarts";\n${flow("broken")}`, `it imports "npm:echarts"`],
  "the network": [`import "https://example.com/x.ts";\n${flow("broken")}`, `it imports "https://example.com/x.ts"`],
  "the project's own insides": [`import "@/lib/config.ts";\n${flow("broken")}`, `it imports "@/lib/config.ts"`],
  "a file above": [`import "../secret.ts";\n${flow("broken")}`, `"../secret.ts" does not lie below`],
  "a file above as text": [
    `import s from "../secret.ts" with { type: "text" };\n${flow("broken", "s;")}`,
    `"../secret.ts" does not lie below`,
  ],
  "a file that is not there": [`import "./gone.ts";\n${flow("broken")}`, `there is no file "./gone.ts"`],
  "a computed import of what lies above": [
    flow("broken", `await import(["..", "secret.ts"].join("/"));`),
    "Requires read access",
  ],
  "a link out of the folder": [`import "./link.ts";\n${flow("broken")}`, `"./link.ts" does not lie below`],
  "code for an exec sandbox that cannot be bundled": [
    flow("broken", `export const heavy = new URL("./parts/bad.ts", import.meta.url);`),
    "Cannot bundle the module",
    "parts/bad.ts",
  ],
  "code for an exec sandbox that reaches out": [
    flow("broken", `export const heavy = new URL("./parts/out.ts", import.meta.url);`),
    "Cannot bundle the module",
    "does not lie beside a workflow",
  ],
  "waits at its top level": [flow("broken", "await new Promise((go) => setTimeout(go, 1));"), "Cannot call setTimeout"],
  "reaches out at its top level": [flow("broken", `await fetch("http://127.0.0.1:1");`), "Cannot call fetch"],
  "ends its process": [flow("broken", `console.log("bye"); Deno.exit(3);`), "exit code 3"],
  "more memory than it may": [
    flow("broken", "const all = []; for (;;) all.push(new Array(1e6).fill(0.5));"),
    "memory",
  ],
  "too large": [`${flow("broken")}//${"x".repeat(5_100_000)}`, "more than 5 MB"],
};

for (const [what, [text, ...words]] of Object.entries(BROKEN)) {
  Deno.test(`[OWN2] a file that is no mode hides nothing else, and says why: ${what}`, () =>
    withFolder(
      { "a.ts": flow("good"), "parts/bad.ts": "export default (", "parts/out.ts": `import "../../secret.ts";` },
      async ({ beside, folder, write, look }) => {
        Deno.writeTextFileSync(`${beside}/secret.ts`, `export default "secret";`);
        Deno.symlinkSync(`${beside}/secret.ts`, `${folder}/parts/link.ts`);
        Deno.symlinkSync(`${beside}/secret.ts`, `${folder}/link.ts`);
        write("broken.ts", text);
        const { modes, problems } = await look();
        assertEquals(modes, ["good"]);
        for (const word of words) assertStringIncludes(problems["broken.ts"] ?? "", word);
        assert(!problems["broken.ts"]?.includes(beside), `no path of the host: ${problems["broken.ts"]}`);
        assertStringIncludes(problems["link.ts"] ?? "", "does not lie below");
      },
    ));
}

for (const [what, text] of [["a loop", "for (;;);"], ["an await", "await new Promise(() => {});"]] as const) {
  Deno.test(`[OWN3] a file that does not come to an end when it is loaded is left: ${what}`, () =>
    withFolder({ "a.ts": flow("good"), "broken.ts": flow("broken", text) }, async ({ look }) => {
      const { modes, problems } = await look();
      assertEquals(modes, ["good"]);
      assertStringIncludes(problems["broken.ts"] ?? "", "not loaded within 5 s");
      const since = performance.now();
      assertEquals((await look()).modes, ["good"]);
      assert(performance.now() - since < 4_000, "and is not waited for again");
    }));
}

Deno.test("[OWN4] what is answered was looked at after the question: a mended file is there at once", () =>
  withFolder(
    { "a.ts": flow("first"), "parts/x.ts": "export const x = 1;" },
    async ({ sandboxes, folder, write, look }) => {
      const digest = async () =>
        (await sandboxes.describe()).workflows.find(({ own }) => own !== undefined)?.source_digest;
      const before = await digest();
      assertEquals(await digest(), before, "the same while nothing changes");
      write("a.ts", flow("second", `import { x } from "./parts/x.ts"; x;`));
      assertEquals((await look()).modes, ["second"]);
      const changed = await digest();
      assertNotEquals(changed, before);
      write("parts/x.ts", "export const x = 2;");
      assertNotEquals(await digest(), changed, "an imported file counts");
      write("a.ts", "export default (");
      assertEquals((await look()).modes, []);
      write("a.ts", flow("second", `import { x } from "./parts/y.ts"; x;`));
      assertStringIncludes((await look()).problems["a.ts"] ?? "", "./parts/y.ts");
      write("parts/y.ts", "export const x = 3;");
      assertEquals((await look()).modes, ["second"], "also one that was missing");
      Deno.removeSync(`${folder}/a.ts`);
      assertEquals(await look(), { modes: [], problems: {} });
      Deno.removeSync(folder, { recursive: true });
      assertStringIncludes((await look()).problems["."] ?? "", "there is no such folder");
    },
  ));

Deno.test("[OWN5] what is unchanged is the same object: nobody checks its schema again", () =>
  withFolder({ "a.ts": flow("same") }, async ({ sandboxes }) => {
    const own = async () => (await sandboxes.describe()).workflows.find(({ id }) => id === "same");
    assert(await own() === await own());
  }));

Deno.test("[OWN6] a folder of more files than a server keeps says which are left out", () =>
  withFolder(
    Object.fromEntries(Array.from({ length: 103 }, (_, i) => [`w${100 + i}.ts`, "export default ("])),
    async ({ look }) => {
      const { problems } = await look();
      assertStringIncludes(problems["w202.ts"] ?? "", "at most 100 workflows");
      assertStringIncludes(problems["w199.ts"] ?? "", "Unexpected");
    },
  ));

Deno.test("[OWN7] a folder that is not there refuses the start by name", async () => {
  await using data = temporaryFolder();
  const options = { project_root: PROJECT, data_dir: data.path, isolation: "limits", warm: 0, memory_mb: 512 } as const;
  const start = (workflows_dir: string) =>
    createSandboxes({ ...options, deno: Deno.execPath(), clock, ids, templates_dir: TEMPLATES, workflows_dir });
  await assertRejects(() => start(`${data.path}/none`), Error, "HOLDFAST_WORKFLOWS");
  Deno.writeTextFileSync(`${data.path}/file`, "");
  await assertRejects(() => start(`${data.path}/file`), Error, "it is no folder");
});

Deno.test("[OWN8] links that stay below the folder are followed", () =>
  withFolder({ "parts/real.ts": flow("linked"), "parts/x.ts": "export default 1;" }, async ({ folder, look }) => {
    Deno.symlinkSync("parts/real.ts", `${folder}/a.ts`);
    assertEquals(await look(), { modes: ["linked"], problems: {} });
  }));
