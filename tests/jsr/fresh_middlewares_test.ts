// The middlewares that come with the app: csrf, csp, trailing slashes, and static files.

import { App, csp, csrf, HttpError, type Middleware, staticFiles, trailingSlashes } from "fresh";
import { Builder } from "fresh/dev";
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { h } from "preact";

const folder = await Deno.makeTempDir();
await Deno.mkdir(`${folder}/static/sub`, { recursive: true });
await Deno.writeTextFile(`${folder}/static/a b.txt`, "text");
await Deno.writeTextFile(`${folder}/static/sub/index.html`, "<p>");
const builder = new Builder({ root: folder });
const attach = await builder.build({ snapshot: "memory" });
const development = await new Builder({ root: folder }).build({ snapshot: "memory", mode: "development" });
await Deno.remove(`${folder}/static/sub`, { recursive: true });

const ok: Middleware<unknown> = () => new Response("ok");

function fileApp(options: { basePath?: string } = {}): (path: string, init?: RequestInit) => Promise<Response> {
  const app = new App(options).use(staticFiles()).all("/a%20b.txt", ok).get("/asset", async (ctx) => {
    const { asset } = await import("fresh/runtime");
    return ctx.text(asset("/a b.txt"));
  });
  attach(app);
  const handler = app.handler();
  return (path, init) => handler(new Request(`http://localhost${path}`, init));
}

async function statusOf(app: App<unknown>, init: RequestInit, path = "/"): Promise<number> {
  return (await app.handler()(new Request(`http://localhost${path}`, init))).status;
}

Deno.test("[FR-S1] a file is served with type, size and hash, and not sent again to who has it", async () => {
  const ask = fileApp();
  const first = await ask("/a%20b.txt");
  assertEquals([first.status, await first.text()], [200, "text"]);
  assertEquals(first.headers.get("content-type"), "text/plain; charset=UTF-8");
  assertEquals(first.headers.get("content-length"), "4");
  assertEquals(first.headers.get("vary"), "If-None-Match");
  assertEquals(first.headers.get("cache-control"), "no-cache, no-store, max-age=0, must-revalidate");
  const etag = first.headers.get("etag") ?? "";
  assertMatch(etag, /^W\/"[0-9a-f]{64}"$/);
  const again = await ask("/a%20b.txt", { headers: { "if-none-match": etag } });
  assertEquals([again.status, await again.text()], [304, ""]);
  const head = await ask("/a%20b.txt", { method: "HEAD" });
  assertEquals([head.status, head.headers.get("content-length"), await head.text()], [200, "4", ""]);
});

Deno.test("[FR-S2] only a URL with the id of this build may be kept, one with another id is redirected", async () => {
  const ask = fileApp();
  const current = `?__frsh_c=${builder.config.buildId}`;
  const kept = await ask(`/a%20b.txt${current}`);
  assertEquals(kept.headers.get("cache-control"), "public, max-age=31536000, immutable");
  await kept.body?.cancel();
  const other = await ask("/a%20b.txt?x=1&__frsh_c=other");
  assertEquals([other.status, other.headers.get("location")], [307, "/a%20b.txt?x=1"]);
  assertStringIncludes(await (await ask("/asset")).text(), "?__frsh_c=");
});

Deno.test("[FR-S3] other methods are refused, folders are no files, a missing favicon is a bare 404", async () => {
  const ask = fileApp();
  const post = await ask("/a%20b.txt", { method: "POST" });
  assertEquals([post.status, await post.text()], [405, "Method Not Allowed"]);
  for (const path of ["/", "/sub/", "/sub"]) assertEquals((await ask(path)).status, 404);
  const icon = await ask("/favicon.ico");
  assertEquals([icon.status, await icon.text()], [404, ""]);
});

Deno.test("[FR-S4] the base path is taken off, and development keeps nothing", async () => {
  const ask = fileApp({ basePath: "/base" });
  assertEquals(await (await ask("/base/a%20b.txt")).text(), "text");
  const app = new App({ mode: "development" }).use(staticFiles());
  development(app);
  const response = await app.handler()(new Request("http://localhost/a%20b.txt?__frsh_c=other"));
  assertEquals(response.status, 307);
  const plain = await app.handler()(new Request("http://localhost/a%20b.txt"));
  assertEquals([plain.headers.get("etag"), await plain.text()], [null, "text"]);
  assertStringIncludes(plain.headers.get("cache-control") ?? "", "no-store");
});

Deno.test("[FR-S5] csrf lets reading and the own site pass and refuses others", async () => {
  const app = new App().use(csrf()).all("/", ok);
  const post = (headers: Record<string, string>) => statusOf(app, { method: "POST", headers });
  assertEquals(await statusOf(app, { headers: { "sec-fetch-site": "cross-site" } }), 200);
  assertEquals(await post({ "sec-fetch-site": "same-origin" }), 200);
  assertEquals(await post({ "sec-fetch-site": "none" }), 200);
  assertEquals(await post({ "sec-fetch-site": "cross-site", origin: "https://evil.com" }), 403);
  assertEquals(await post({ "sec-fetch-site": "same-site" }), 403);
  assertEquals(await post({ "sec-fetch-site": "cross-site", origin: "http://localhost" }), 200);
  assertEquals(await post({}), 200);
  assertEquals(await post({ origin: "http://localhost" }), 200);
  assertEquals(await post({ origin: "null" }), 403);
  const open = new App().use(csrf({ origin: ["https://a.com", "https://b.com"] })).all("/", ok);
  assertEquals(await statusOf(open, { method: "POST", headers: { origin: "https://b.com" } }), 200);
  assertEquals(await statusOf(open, { method: "POST", headers: { origin: "http://localhost" } }), 403);
});

Deno.test("[FR-S6] csp sets the policy with own directives in place, and the nonce of the page", async () => {
  const page = (ctx: { render(node: ReturnType<typeof h>): Promise<Response> }) => ctx.render(h("style", null, "p{}"));
  const policy = async (options: Parameters<typeof csp>[0]) => {
    const app = new App().use(csp(options)).get("/", page);
    const response = await app.handler()(new Request("http://localhost/"));
    return { headers: response.headers, body: await response.text() };
  };
  const own = await policy({ csp: ["img-src 'self'", "upgrade-insecure-requests"] });
  const text = own.headers.get("content-security-policy") ?? "";
  assertStringIncludes(text, "script-src 'self' 'unsafe-inline'; ");
  assertEquals(text.match(/img-src[^;]*/g), ["img-src 'self'"]);
  const strict = await policy({ useNonce: true });
  const nonce = /nonce="(\w+)"/.exec(strict.body)?.[1] ?? "none";
  assertStringIncludes(strict.headers.get("content-security-policy") ?? "", `script-src 'self' 'nonce-${nonce}'`);
  assertNotEquals(/nonce="(\w+)"/.exec((await policy({ useNonce: true })).body)?.[1], nonce);
  const soft = await policy({ reportOnly: true });
  assert(soft.headers.has("content-security-policy-report-only"));
});

Deno.test("[FR-S7] trailing slashes are taken off or put on with the query kept", async () => {
  const location = async (mode: "always" | "never", path: string) => {
    const app = new App().use(trailingSlashes(mode)).get("/", ok).get("/a", ok);
    const response = await app.handler()(new Request(`http://localhost${path}`));
    return `${response.status} ${response.headers.get("location") ?? ""}`;
  };
  assertEquals(await location("never", "/a/?x=1"), "302 /a?x=1");
  assertEquals(await location("never", "/"), "200 ");
  assertEquals(await location("always", "/a?x=1"), "302 /a/?x=1");
  assertEquals(await location("always", "/a/"), "200 ");
});

Deno.test("[FR-S8] an error that a file's reading meets is an error of the request", async () => {
  await Deno.remove(folder, { recursive: true });
  const app = new App().use(staticFiles()).onError("/", (ctx) => {
    return ctx.text(ctx.error instanceof HttpError ? "http" : "other", { status: 500 });
  });
  attach(app);
  const response = await app.handler()(new Request("http://localhost/a%20b.txt"));
  assertEquals([response.status, await response.text()], [500, "other"]);
});
