// The build: what it writes, that it can be renamed, transforms, and the development server.

import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { App, staticFiles } from "fresh";
import { Builder } from "fresh/dev";
import { relativePath, relativeSpecifier, resolvePath } from "../../jsr/fresh/src/paths.ts";
import { findRoutes, walk } from "../../jsr/fresh/src/dev/crawl.ts";
import { uniqueName } from "../../jsr/fresh/src/snapshot.ts";
import { launchBrowser } from "../support/browser.ts";

const FIXTURE = decodeURIComponent(new URL("./fixture", import.meta.url).pathname);

type Folder = AsyncDisposable & { path: string };

async function copyOfFixture(): Promise<Folder> {
  const path = await Deno.makeTempDir();
  for (const file of await walk(FIXTURE)) {
    const target = `${path}/${file.slice(FIXTURE.length + 1)}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.copyFile(file, target);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

async function folderWith(files: Record<string, string>): Promise<Folder> {
  const path = await Deno.makeTempDir();
  for (const [name, text] of Object.entries(files)) {
    await Deno.mkdir(`${path}/${name}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${path}/${name}`, text);
  }
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test("[FR-B1] a build on disk lies in its folder only, and runs after the folder was renamed", async () => {
  await using copy = await copyOfFixture();
  const before = await walk(copy.path);
  const outDir = `${copy.path}/.next-build`;
  await new Builder({ root: copy.path, outDir }).build();
  const written = (await walk(copy.path)).filter((file) => !before.includes(file));
  assertEquals(written.filter((file) => !file.startsWith(outDir)), []);
  for (const file of written) {
    const text = await Deno.readTextFile(file);
    assert(!text.includes(copy.path) && !text.includes(".next-build"), file);
  }
  await Deno.rename(outDir, `${copy.path}/_fresh`);

  const { default: server } = await import(`file://${copy.path}/_fresh/server.js`);
  const { app } = await import(`file://${copy.path}/main.ts`);
  const ask = async (path: string): Promise<Response> => await server.fetch(new Request(`http://localhost${path}`));
  assertEquals(app.config.root, copy.path);
  const home = await (await ask("/")).text();
  const runtime = /\/_fresh\/js\/\w+\/fresh-runtime\.js/.exec(home)?.[0] ?? "";
  const script = await ask(runtime);
  assertEquals(script.headers.get("cache-control"), "public, max-age=31536000, immutable");
  assertMatch(script.headers.get("etag") ?? "", /^W\/"[0-9a-f]{64}"$/);
  assertStringIncludes(await script.text(), "boot");
  assertStringIncludes(home, "<!--frsh:island:Counter:0-->");
  assertStringIncludes(await (await ask("/style.css")).text(), "body");
  assertEquals(await (await ask("/blog/a")).status, 202);
  assertEquals((await ask("/.hidden")).status, 404);
});

Deno.test("[FR-B2] a new build takes the place of the old one's files and has URLs of its own", async () => {
  await using folder = await folderWith({ "static/a.txt": "a", "main.ts": "" });
  const root = folder.path;
  const build = async () => {
    await new Builder({ root }).build();
    return (await walk(`${root}/_fresh/static/_fresh/js`)).map((file) => file.split("/").at(-2));
  };
  const [first] = await build();
  const second = new Set(await build());
  assertEquals(second.size, 1);
  assert(!second.has(first));
});

Deno.test("[FR-B3] a build on disk cannot be attached: its server.js is imported instead", async () => {
  await using folder = await folderWith({ "main.ts": "" });
  const attach = await new Builder({ root: folder.path }).build();
  assertThrows(() => attach(new App()), TypeError, "server.js");
});

Deno.test("[FR-B4] transforms make static files from others, one after the other", async () => {
  await using folder = await folderWith({ "static/in.css": "a", "static/vendor/x.css": "v", "static/t.txt": "t" });
  const builder = new Builder({ root: folder.path });
  const seen: unknown[] = [];
  builder.onTransformStaticFile(
    { pluginName: "first", filter: /\.css$/, exclude: [/vendor/] },
    ({ path, text, content, mode, root }) => {
      seen.push([path.slice(root.length), content.length, mode]);
      return { content: `${text}1` };
    },
  );
  builder.onTransformStaticFile({ pluginName: "second", filter: /in\.css$/ }, async ({ path, text }) => {
    await Promise.resolve();
    return [{ content: `${text}2` }, { path: path.replace("in.css", "more/out.css"), content: new Uint8Array([51]) }];
  });
  builder.onTransformStaticFile({ pluginName: "nothing", filter: /./ }, () => {});
  const attach = await builder.build({ snapshot: "memory" });
  const app = new App().use(staticFiles());
  attach(app);
  const read = async (path: string) => await (await app.handler()(new Request(`http://localhost${path}`))).text();
  assertEquals(await read("/in.css"), "a12");
  assertEquals(await read("/more/out.css"), "3");
  assertEquals(await read("/vendor/x.css"), "v");
  assertEquals(seen, [["/static/in.css", 1, "production"]]);
  await builder.build();
  assertEquals(await Deno.readTextFile(`${folder.path}/_fresh/static/in.css`), "a12");
  await assertRejects(() => Deno.readTextFile(`${folder.path}/_fresh/static/t.txt`), Deno.errors.NotFound);
});

Deno.test("[FR-B5] an island that cannot be bundled fails the build with its name", async () => {
  await using folder = await folderWith({ "islands/Bad.tsx": "import './missing.ts'; export default () => null;" });
  const error = await assertRejects(() => new Builder({ root: folder.path }).build(), Error);
  assertStringIncludes(error.message, "Bad.tsx");
  assertStringIncludes(error.message, "missing.ts");
});

Deno.test("[FR-B6] route files of tests and of private folders are left out", async () => {
  await using folder = await folderWith({
    "routes/a.ts": "",
    "routes/a_test.ts": "",
    "routes/b.test.tsx": "",
    "routes/(_private)/c.ts": "",
    "routes/note.md": "",
    "routes/_middleware.ts": "",
    "routes/d.tsx": "export const config = { routeOverride: '/e' };",
  });
  const routes = await findRoutes(`${folder.path}/routes`, new Builder().config.ignore);
  const found = routes.map(({ path, isEager }) => [path, isEager]);
  assertEquals(found, [["_middleware", true], ["a", false], ["d", true]]);
});

Deno.test("[FR-B7] paths are resolved and written as URLs need them", () => {
  assertEquals(resolvePath("/a/b", "../c d#1"), "/a/c d#1");
  assertEquals(resolvePath("/a", "file:///x%20y/"), "/x y/");
  assertEquals(resolvePath("/a", "/x/"), "/x");
  assertEquals(relativePath("/a/b/c", "/a/d"), "../../d");
  assertEquals(relativePath("/a", "/a"), ".");
  assertEquals(relativeSpecifier("/a", "/a/b#.ts"), "./b%23.ts");
  const names = new Set<string>();
  assertEquals(["outer-one", "outer_one", "1st"].map((name) => uniqueName(name, names)), [
    "outer_one",
    "outer_one_1",
    "_1st",
  ]);
});

async function startDev(port: number): Promise<{ port: number } & AsyncDisposable> {
  const args = ["run", "-A", "--no-check", `${FIXTURE}/dev.ts`, String(port)];
  const child = new Deno.Command(Deno.execPath(), { args, stdout: "piped", stderr: "inherit" }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  return {
    port: Number(value),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

Deno.test("[FR-B8] in development a page reloads after the server was started again", async () => {
  await using browser = await launchBrowser();
  const page = await browser.newPage();
  let port = 0;
  {
    await using first = await startDev(0);
    port = first.port;
    const connected = page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived"));
    await page.goto(`http://127.0.0.1:${port}/about`);
    assertMatch(String((await connected).payload), /^\{"type":"initial-state","revision":\d+\}$/);
    await page.evaluate(() => Object.assign(globalThis, { old: true }));
  }
  await using _second = await startDev(port);
  await page.waitForFunction(() => !("old" in globalThis) && document.title === "About us");
});
