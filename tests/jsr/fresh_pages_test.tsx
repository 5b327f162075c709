// Pages as code: errors and their pages, handlers and data, layouts, the document and its head.

import { App, HttpError, type Middleware, page } from "fresh";
import { Head } from "fresh/runtime";
import { assertEquals, assertStringIncludes } from "@std/assert";
import { ask, bodyOf, silently, type State, step } from "./asking.ts";

Deno.test("[FR-E1] an uncaught HttpError is text with its status, logged only from 500 on", async () => {
  const app = new App()
    .get("/gone", () => {
      throw new HttpError(410);
    })
    .get("/busy", () => {
      throw new HttpError(503, "come back later");
    });
  const { result, logged } = await silently(async () => [await ask(app, "/gone"), await ask(app, "/busy")]);
  assertEquals(result.map(({ status, body }) => [status, body]), [[410, "Gone"], [503, "come back later"]]);
  assertEquals(logged.length, 1);
});

Deno.test("[FR-E2] the nearest error page answers with the status of the error, inside its layouts", async () => {
  const fail: Middleware<State> = () => {
    throw new HttpError(422, "bad form");
  };
  const app = new App<State>()
    .appWrapper(({ Component }) => (
      <html>
        <head />
        <body>
          <Component />
        </body>
      </html>
    ))
    .layout("/", ({ Component }) => (
      <main>
        <Component />
      </main>
    ))
    .onError("/", (ctx) => ctx.text(`root ${ctx.error}`))
    .onError("/admin", { component: ({ error }) => <h1>{String(error)}</h1> })
    .get("/admin/x", fail)
    .get("/x", fail);
  const inside = await ask(app, "/admin/x");
  assertEquals(inside.status, 422);
  assertStringIncludes(inside.body, "<body><main><h1>HttpError: bad form</h1></main></body>");
  const outside = await ask(app, "/x");
  assertEquals([outside.status, outside.body], [200, "root HttpError: bad form"]);
});

Deno.test("[FR-E3] outer middlewares see the finished answer, those of the same segment the exception", async () => {
  const seen: string[] = [];
  const watch = (name: string): Middleware<State> => async (ctx) => {
    try {
      const response = await ctx.next();
      seen.push(`${name} ${response.status}`);
      return response;
    } catch (error) {
      seen.push(`${name} ${error}`);
      throw error;
    }
  };
  const app = new App<State>().use(watch("root")).use("/in", watch("in")).onError("/in", { component: () => <p>e</p> })
    .get("/in/x", () => {
      throw new HttpError(409, "clash");
    });
  assertEquals((await ask(app, "/in/x")).status, 409);
  assertEquals(seen, ["in HttpError: clash", "root 409"]);
});

Deno.test("[FR-E4] notFound takes what nothing matched and every thrown 404; a bare component answers 200", async () => {
  const throws = () => {
    throw new HttpError(404);
  };
  const app = new App<State>().use(step("root")).notFound({ component: ({ error }) => <i>{String(error)}</i> })
    .onError("/a", (ctx) => ctx.text("error page"))
    .get("/a/x", throws);
  const nowhere = await ask(app, "/nowhere");
  assertEquals([nowhere.status, nowhere.headers.get("x-trail")], [200, null]);
  assertStringIncludes((await ask(app, "/a/x")).body, "<i>HttpError</i>");
  const own = new App<State>().notFound({
    handler: () => page(undefined, { status: 404 }),
    component: () => <i>none</i>,
  });
  assertEquals((await ask(own, "/nowhere")).status, 404);
});

Deno.test("[FR-E5] an error inside an error page goes to the one above it", async () => {
  const boom = () => {
    throw new Error("boom");
  };
  const app = new App().onError("/", (ctx) => ctx.text(`above: ${ctx.error}`, { status: 500 })).onError("/a", boom)
    .get("/a/x", boom);
  assertEquals(await bodyOf(app, "/a/x"), "above: Error: boom");
  const alone = new App().onError("/", boom).get("/", boom);
  assertEquals((await silently(() => ask(alone, "/"))).result.status, 500);
});

Deno.test("[FR-P1] handlers by method, HEAD by GET, a missing one is 404 inside the route", async () => {
  const app = new App().route("/p", {
    handler: { POST: () => page({ by: "POST" }), PUT: () => new Response("put", { status: 201 }) },
    component: ({ data }) => <b>{JSON.stringify(data)}</b>,
  });
  assertStringIncludes(await bodyOf(app, "/p"), "<b>{}</b>");
  assertStringIncludes(await bodyOf(app, "/p", { method: "POST" }), "<b>{&quot;by&quot;:&quot;POST&quot;}</b>");
  assertEquals((await ask(app, "/p", { method: "PUT" })).status, 201);
  assertEquals((await ask(app, "/p", { method: "HEAD" })).status, 200);
  assertEquals((await ask(app, "/p", { method: "DELETE" })).status, 405);
  const component = new App().route("/c", { component: ({ data }) => <b>{JSON.stringify(data)}</b> });
  assertStringIncludes(await bodyOf(component, "/c", { method: "POST" }), "<b>{}</b>");
});

Deno.test("[FR-P2] status and headers of page() reach the answer; undefined from a handler is a 500", async () => {
  const app = new App()
    .route("/a", { handler: () => page({ n: 1 }, { status: 202, headers: [["x-a", "1"]] }), component: () => <b>a</b> })
    .route("/none", { handler: () => undefined as unknown as Response });
  const a = await ask(app, "/a");
  assertEquals([a.status, a.headers.get("x-a")], [202, "1"]);
  assertEquals(a.headers.get("content-type"), "text/html; charset=utf-8");
  assertEquals((await silently(() => ask(app, "/none"))).result.status, 500);
});

Deno.test("[FR-D1] layouts nest from outside in, can be left out, and may be async or answer themselves", async () => {
  const app = new App()
    .appWrapper(({ Component }) => (
      <html>
        <head>
          <title>w</title>
        </head>
        <body>
          <Component />
        </body>
      </html>
    ))
    .layout("/", ({ Component }) => (
      <main>
        <Component />
      </main>
    ))
    .layout("/a", async ({ Component, url }) => {
      await Promise.resolve();
      if (url.searchParams.has("stop")) return new Response("stopped", { status: 207 });
      return (
        <section>
          <Component />
        </section>
      );
    })
    .layout("/b", ({ Component }) => (
      <nav>
        <Component />
      </nav>
    ), { skipInheritedLayouts: true, skipAppWrapper: true })
    .get("/a", (ctx) => ctx.render(<p>a</p>))
    .get("/b", (ctx) => ctx.render(<p>b</p>))
    .get("/c", (ctx) => ctx.render(<p>c</p>, { status: 201 }, { skipInheritedLayouts: true }))
    .get("/null", (ctx) => ctx.render(null));
  const inner = "<title>w</title></head><body><main>";
  assertStringIncludes(await bodyOf(app, "/a"), `${inner}<section><p>a</p></section></main></body></html>`);
  assertEquals((await ask(app, "/a?stop")).status, 207);
  const b = `<!DOCTYPE html><html><head><meta charset="utf-8"/></head><body><nav><p>b</p></nav></body></html>`;
  assertEquals(await bodyOf(app, "/b"), b);
  const c = await ask(app, "/c");
  assertEquals(c.status, 201);
  assertStringIncludes(c.body, "<body><p>c</p></body>");
  assertStringIncludes(await bodyOf(app, "/null"), "<body><main></main></body>");
});

Deno.test("[FR-D2] Head replaces by key and adds what is new; inline scripts and styles carry the nonce", async () => {
  const app = new App()
    .appWrapper(({ Component }) => (
      <html>
        <head>
          <title>wrapper</title>
          <meta name="a" content="wrapper" />
          <style>{"p{}"}</style>
        </head>
        <body>
          <Component />
        </body>
      </html>
    ))
    .get("/", (ctx) =>
      ctx.render(
        <>
          <Head>
            <title>page</title>
            <meta name="a" content="page" />
            <meta name="b" content="page" />
            <script key="k">1</script>
          </Head>
          <svg>
            <title>picture</title>
          </svg>
        </>,
      ));
  const body = await bodyOf(app, "/");
  const nonce = /nonce="(\w+)"/.exec(body)?.[1] ?? "";
  assertStringIncludes(body, `<head><title>page</title><meta name="a" content="page"/><style nonce="${nonce}">`);
  assertStringIncludes(body, `<meta name="b" content="page"/><script nonce="${nonce}" data-key="k">1</script></head>`);
  assertStringIncludes(body, "<svg><title>picture</title></svg>");
  assertEquals(body.match(/<script/g)?.length, 1);
});

Deno.test("[FR-D3] the same node can be rendered again and again", async () => {
  const shell = (
    <html>
      <head>
        <title>t</title>
      </head>
      <body>
        <a href="/">home</a>
      </body>
    </html>
  );
  const app = new App().get("*", (ctx) => ctx.render(shell));
  const first = await bodyOf(app, "/");
  assertStringIncludes(first, `<a href="/" data-current="true" aria-current="page">home</a>`);
  assertStringIncludes(await bodyOf(app, "/x"), `<a href="/" data-ancestor="true" aria-current="true">home</a>`);
  assertEquals(await bodyOf(app, "/"), first);
});
