// The curated packages: installed once, whole, as the lock says.
import { assert, assertEquals } from "@std/assert";
import { ensureExecApp, findExecApp } from "@/lib/sandbox/exec_app.ts";
import { PROJECT, temporaryFolder } from "./support.ts";

const APP = "workers/exec/app";

/** A project with one small package. */
async function project(path: string): Promise<void> {
  await Deno.mkdir(`${path}/${APP}`, { recursive: true });
  const lock = JSON.parse(await Deno.readTextFile(`${PROJECT}/${APP}/deno.lock`));
  const [name] = Object.keys(lock.npm).filter((key) => key.startsWith("simple-statistics@"));
  const specifier = `npm:${name}`;
  const small = {
    version: lock.version,
    specifiers: { [specifier]: lock.specifiers[specifier] },
    npm: { [name!]: lock.npm[name!] },
    workspace: { dependencies: [specifier] },
  };
  await Deno.writeTextFile(`${path}/${APP}/deno.lock`, JSON.stringify(small));
  const config = { nodeModulesDir: "auto", imports: { "simple-statistics": specifier } };
  await Deno.writeTextFile(`${path}/${APP}/deno.json`, JSON.stringify(config));
}

Deno.test("[SBX-APP-1] two starts at once install the packages once and leave nothing beside them", async () => {
  await using folder = temporaryFolder();
  await project(folder.path);
  assertEquals(await findExecApp(folder.path), undefined);
  const [one, two] = await Promise.all([ensureExecApp(folder.path), ensureExecApp(folder.path)]);
  assertEquals(one, two);
  assertEquals(one.packages, ["simple-statistics"]);
  assert((await Deno.stat(`${folder.path}/${APP}/node_modules/simple-statistics/package.json`)).isFile);
  assertEquals([...Deno.readDirSync(`${folder.path}/${APP}/.cache`)], []);
});

Deno.test("[SBX-APP-2] packages of another lock, or half installed, are replaced", async () => {
  await using folder = temporaryFolder();
  await project(folder.path);
  await Deno.mkdir(`${folder.path}/${APP}/node_modules/half`, { recursive: true });
  await ensureExecApp(folder.path);
  assertEquals(await Deno.lstat(`${folder.path}/${APP}/node_modules/half`).catch(() => "gone"), "gone");
  const stamp = `${folder.path}/${APP}/node_modules/.holdfast`;
  await Deno.writeTextFile(stamp, "another lock");
  assertEquals(await findExecApp(folder.path), undefined);
  await ensureExecApp(folder.path);
  assert(await findExecApp(folder.path) !== undefined);
});

Deno.test("[SBX-APP-3] the project's own packages are exactly those that code may import", async () => {
  const app = await ensureExecApp(PROJECT);
  assertEquals([...app.packages].sort(), ["echarts", "simple-statistics", "vega-datasets", "zod"]);
  assert((await Deno.stat(`${app.tables}/cars.json`)).isFile);
});
