// Tries to load what may not be read: attack table, imports and packages.
import type { Attempt, Block, Group } from "./attempt.ts";

/** A refused import is a TypeError with the text of the refusal. */
const NOT_LOADED = /^(NotCapable|TypeError): .*Requires read access/s;

/** Blocks whose own import names a file outside. */
export const importingBlocks = (secrets: string): Block[] =>
  [
    `import t from "${secrets}/secret.txt" with { type: "text" }; console.log(t)`,
    `import t from "file://${secrets}/secret.json" with { type: "json" }; console.log(t)`,
    `import t from "${secrets}/secret.ts"; console.log(t)`,
    `import t from "/etc/passwd" with { type: "text" }; console.log(t)`,
    `console.log(await import("${secrets}/secret.ts"))`,
    `import t from "../../../${secrets}/secret.ts"; console.log(t)`,
  ].map((code) => ({ code, ends: /it asked for a right that it does not have: read/ }));

const viaFile = (name: string, text: string, extension = "ts"): Attempt => ({
  name,
  code:
    `Deno.writeTextFileSync("m_${name}.${extension}", \`${text}\`); return (await import(A.inside + "/m_${name}.${extension}")).default`,
  expect: NOT_LOADED,
});
const loads: Attempt[] = [
  viaFile("file_text", 'import t from "${A.secrets}/secret.txt" with { type: "text" }; export default t'),
  viaFile("file_json", 'import t from "${A.secrets}/secret.json" with { type: "json" }; export default t'),
  viaFile("file_ts", 'export { default } from "${A.secrets}/secret.ts"'),
  viaFile("file_relative", 'export { default } from "../../../../../../../../${A.secrets}/secret.ts"'),
  viaFile("require", 'module.exports = require("${A.secrets}/secret.cjs")', "cjs"),
  {
    name: "dynamic_text",
    code: `return (await import(A.secrets + "/secret.txt", { with: { type: "text" } })).default`,
    expect: NOT_LOADED,
  },
  {
    name: "data_module",
    code:
      `return (await import("data:text/javascript," + encodeURIComponent('export { default } from "file://' + A.secrets + '/secret.ts"'))).default`,
    expect: NOT_LOADED,
  },
  {
    name: "blob_module",
    code:
      `const blob = new Blob(['export { default } from "file://' + A.secrets + '/secret.ts"'], { type: "text/javascript" });
      return (await import(URL.createObjectURL(blob))).default`,
    expect: NOT_LOADED,
  },
  {
    name: "create_require",
    code:
      `const { createRequire } = await import("node:module"); return createRequire(import.meta.url)(A.secrets + "/secret.cjs")`,
    expect: NOT_LOADED,
  },
  {
    name: "bytes",
    code: `return String((await import(A.secrets + "/secret.txt", { with: { type: "bytes" } })).default)`,
    expect: /^TypeError: /,
  },
  {
    name: "sibling",
    code: `return await import(A.sibling + "/theirs.txt", { with: { type: "text" } })`,
    expect: NOT_LOADED,
  },
  {
    name: "http",
    code: `return await import("http://127.0.0.1:" + A.port + "/x.js")`,
    expect: /^(NotCapable|TypeError): /,
  },
  {
    name: "https",
    code: `return await import("https://deno.land/std/version.ts")`,
    expect: /^(NotCapable|TypeError): /,
  },
  { name: "jsr", code: `return await import("jsr:@std/path")`, expect: /^(NotCapable|TypeError|Error): / },
  { name: "npm_unlisted", code: `return Object.keys(await import("npm:is-odd"))`, expect: /^(TypeError|Error): / },
  { name: "npm_other_version", code: `return Object.keys(await import("npm:zod@3"))`, expect: /^(TypeError|Error): / },
  { name: "server_package", code: `return Object.keys(await import("preact"))`, expect: /^(TypeError|Error): / },
];
/** Workers need more address space than an exec is given; here they get it. */
const WORKER_MEMORY_MB = 1400;
const workers: Attempt[] = ["file", "data", "blob", "thread"].map((kind) => ({
  name: kind,
  code: `
    const source = 'import t from "file://' + A.secrets + '/secret.txt" with { type: "text" }; postMessage(t)';
    const threaded = 'import { parentPort } from "node:worker_threads"; import t from "file://' + A.secrets + '/secret.txt" with { type: "text" }; parentPort.postMessage(t)';
    Deno.writeTextFileSync("worker.ts", source);
    Deno.writeTextFileSync("thread.mjs", threaded);
    if ("${kind}" === "thread") {
      const { Worker: Thread } = await import("node:worker_threads");
      return await new Promise((resolve, reject) => {
        const thread = new Thread(A.inside + "/thread.mjs");
        thread.on("message", resolve);
        thread.on("error", reject);
        thread.on("exit", () => reject(new Error("NotCapable or gone")));
      });
    }
    const url = {
      file: "file://" + A.inside + "/worker.ts",
      data: "data:text/javascript," + encodeURIComponent(source),
      blob: URL.createObjectURL(new Blob([source], { type: "text/javascript" })),
    }["${kind}"];
    return await new Promise((resolve, reject) => {
      const worker = new Worker(url, { type: "module" });
      worker.onmessage = (event) => resolve(event.data);
      worker.onerror = (event) => { event.preventDefault(); reject(new Error(event.message)); };
    });`,
  expect: /^\w*Error: /,
}));
const packages: Attempt[] = [
  {
    name: "load",
    code: `return (await import("echarts")).version + typeof (await import("simple-statistics")).mean`,
    expect: /^got: 6\..*function$/,
  },
  {
    name: "table",
    code:
      `return (await import(new URL("../data/cars.json", import.meta.resolve("vega-datasets")).href, { with: { type: "json" } })).default.length`,
    expect: /^got: \d+$/,
  },
  {
    name: "beside_tables",
    code: `return Deno.readTextFileSync(new URL("../package.json", import.meta.resolve("vega-datasets")))`,
    expect: NOT_LOADED,
  },
  {
    name: "write_package",
    code: `return Deno.writeTextFileSync(new URL(import.meta.resolve("zod")), "")`,
    expect: /^NotCapable: Requires write access/,
  },
  {
    name: "write_table",
    code: `return Deno.writeTextFileSync(new URL("../data/cars.json", import.meta.resolve("vega-datasets")), "")`,
    expect: /^NotCapable: Requires write access/,
  },
];

/** Imports, Workers, packages. */
export const IMPORT_GROUPS: readonly Group[] = [
  {
    id: "SBX-ATT-2",
    rule: "no other way to load reaches an outside file, the network or a package not listed",
    attempts: loads,
  },
  { id: "SBX-ATT-3", rule: "a Worker reads no more than its maker", attempts: workers, memory_mb: WORKER_MEMORY_MB },
  {
    id: "SBX-ATT-5",
    rule: "curated packages load without a right to read, their tables only as tables",
    attempts: packages,
  },
];
