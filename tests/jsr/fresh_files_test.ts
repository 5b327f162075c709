// File routes: patterns, order, folders, special files, and what happens at the first request.

import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { App } from "fresh";
import { Builder } from "fresh/dev";
import { filePattern, fileRegistrations } from "../../jsr/fresh/src/file_routes.ts";
import { app } from "./fixture/main.ts";

const attach = await new Builder({ root: "tests/jsr/fixture" }).build({ snapshot: "memory" });
attach(app);
const handler = app.handler();

async function ask(path: string, init?: RequestInit): Promise<{ status: number; body: string; headers: Headers }> {
  const response = await handler(new Request(`http://localhost${path}`, init));
  return { status: response.status, body: await response.text(), headers: response.headers };
}

Deno.test("[FR-F1] the pattern of a file follows from its path", () => {
  const patterns = {
    "index": "/",
    "blog/index": "/blog",
    "blog/[slug]": "/blog/:slug",
    "u/[id]@[v]": "/u/:id@:v",
    "old/[...path]": "/old/:path*",
    "docs/[[v]]": "/docs{/:v}?",
    "docs/[[v]]/index": "/docs{/:v}?",
    "[[name]]": "/{:name}?",
    "(grp)/x": "/x",
    "(grp)/index": "/",
  };
  for (const [path, pattern] of Object.entries(patterns)) assertEquals(filePattern(path), pattern, path);
  for (const path of ["[a][b]", "foo-[[x]]", "[[x]]-foo"]) assertThrows(() => filePattern(path), SyntaxError, path);
});

Deno.test("[FR-F2] special files come first, static names before dynamic ones, catch-alls last", () => {
  const load = () => Promise.resolve({});
  const paths = ["[...all]", "[x]", "zoo", "index", "a/[y]", "a/index", "a/b", "a/[[o]]"];
  const order = fileRegistrations(paths.map((path) => ({ path, load })));
  const patterns = order.map((entry) => entry.kind === "route" ? entry.pattern : entry.kind);
  assertEquals(patterns, ["/", "/a", "/a/b", "/a/:y", "/a{/:o}?", "/zoo", "/:x", "/:all*"]);
  const component = () => null;
  const special = ["x", "_layout", "_error", "_middleware", "_app", "_404"].map((path) => ({
    path,
    module: { default: component },
  }));
  const kinds = fileRegistrations(special).map((entry) => entry.kind);
  assertEquals(kinds, ["wrapper", "middleware", "layout", "notFound", "error", "route"]);
});

Deno.test("[FR-F3] a file without what its name asks for is an error that names it", () => {
  const first = (path: string, module: unknown) => () => fileRegistrations([{ path, module }]);
  assertThrows(first("blog/x", {}), TypeError, `"routes/blog/x"`);
  assertThrows(first("_layout", { handler: {} }), TypeError, `"routes/_layout"`);
  assertThrows(first("_middleware", { default: {} }), TypeError, `"routes/_middleware"`);
  const two = (_ctx: unknown, _more: unknown) => new Response();
  assertThrows(first("x", { handler: { GET: two } }), TypeError, "one parameter");
});

Deno.test("[FR-F4] a page stands in the layouts of its folder and its middlewares run before it", async () => {
  const home = await ask("/");
  assertEquals(home.headers.get("x-trail"), "first second");
  assertStringIncludes(home.body, `<body data-trail="first second"><main data-layout="root">`);
  const grouped = await ask("/grouped");
  assertStringIncludes(grouped.body, `<main data-layout="root">`);
  assertStringIncludes(grouped.body, `<div data-layout="group"><h1>Grouped</h1></div>`);
  const admin = await ask("/admin");
  assertEquals(admin.headers.get("x-trail"), "first second admin");
  assertStringIncludes(admin.body, `<section data-layout="admin"><h1>Admin</h1></section></body>`);
  assert(!admin.body.includes(`data-layout="root"`));
  assertEquals((await ask("/admin?teapot")).status, 418);
});

Deno.test("[FR-F5] data, status and headers of a handler reach the page and the answer", async () => {
  const post = await ask("/blog/abc");
  assertEquals([post.status, post.headers.get("x-slug")], [202, "abc"]);
  assertStringIncludes(post.body, "<h1>ABC abc</h1>");
  const redirected = await ask("/blog/abc", { method: "POST" });
  assertEquals([redirected.status, redirected.headers.get("location")], [303, "/blog/abc"]);
});

Deno.test("[FR-F6] a method that a file lacks is 404 after its middlewares, in a file with its own pattern 405", async () => {
  const missing = await ask("/api/echo", { method: "DELETE" });
  assertEquals(missing.status, 404);
  assertStringIncludes(missing.body, `data-trail="first second"`);
  assertEquals((await ask("/api/echo", { method: "OPTIONS" })).status, 404);
  assertEquals((await ask("/api/echo", { method: "HEAD" })).status, 200);
  assertEquals((await ask("/x/m@1/a", { method: "POST" })).status, 405);
  const options = await ask("/x/m@1/a", { method: "OPTIONS" });
  assertEquals([options.status, options.headers.get("allow")], [204, "GET"]);
  assertEquals(JSON.parse((await ask("/x/m@1/a/b")).body), { mod: "m", ver: "1", path: "a/b" });
});

Deno.test("[FR-F7] errors are shown by the nearest error page with their status", async () => {
  const cases: [string, number, string][] = [
    ["/nope", 404, "status 404"],
    ["/blog/none", 404, "status 404"],
    ["/blog/broken", 503, "status 503"],
    ["/throws", 500, "Error: broken page"],
    ["/admin?deny", 403, "HttpError: denied"],
    ["/admin/nope", 404, "status 404"],
  ];
  for (const [path, status, text] of cases) {
    const answer = await ask(path);
    assertEquals(answer.status, status, path);
    assertStringIncludes(answer.body, text);
  }
  assertStringIncludes((await ask("/admin?deny")).body, `class="admin-error"`);
});

Deno.test("[FR-F8] optional and rest parameters match as far as they go", async () => {
  assertStringIncludes((await ask("/docs")).body, "version none");
  assertStringIncludes((await ask("/docs/2")).body, "version 2");
  assertEquals(JSON.parse((await ask("/old", { method: "PATCH" })).body), { method: "PATCH", params: { path: "" } });
  assertEquals((await ask("/old/")).status, 404);
});

Deno.test("[FR-F9] a page may leave out the layouts and the wrapper", async () => {
  const { body } = await ask("/bare");
  assertEquals(body, `<!DOCTYPE html><html><head><meta charset="utf-8"/></head><body><h1>Bare</h1></body></html>`);
});

Deno.test("[FR-F10] file routes can stand under a prefix, and are none without a build", async () => {
  const prefixed = new App<unknown>().fsRoutes("/sub");
  attach(prefixed);
  const status = async (app: App<unknown>, path: string) =>
    (await app.handler()(new Request(`http://localhost${path}`))).status;
  assertEquals(await status(prefixed, "/sub/grouped"), 200);
  assertEquals(await status(prefixed, "/grouped"), 404);
  assertEquals(await status(new App<unknown>().fsRoutes(), "/grouped"), 404);
});

Deno.test("[FR-F11] a page loads the runtime only when it has islands", async () => {
  const about = await ask("/about");
  assertEquals([about.body.includes("<script"), about.headers.get("link")], [false, null]);
  const home = await ask("/");
  assertStringIncludes(home.body, `<script type="module" nonce="`);
  assertStringIncludes(
    home.headers.get("link") ?? "",
    `fresh-runtime.js>; rel="modulepreload"; as="script", </_fresh/`,
  );
  assertStringIncludes(about.body, "<title>About us</title>");
});
