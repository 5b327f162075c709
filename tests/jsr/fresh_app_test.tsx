// The app as code: matching, order of middlewares, and the ways to answer.

import { App, HttpError } from "fresh";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { ask, bodyOf, silently, type State, step } from "./asking.ts";

Deno.test("[FR-R1] static patterns go first, with or without the final slash, then dynamic ones in order", async () => {
  const app = new App()
    .get("/b/:id", (ctx) => ctx.text(`id ${ctx.params.id}`))
    .get("/b/:other", (ctx) => ctx.text("second"))
    .get("/b/fixed", (ctx) => ctx.text(`fixed ${ctx.route}`));
  assertEquals(await bodyOf(app, "/b/fixed"), "fixed /b/fixed");
  assertEquals(await bodyOf(app, "/b/fixed/"), "fixed /b/fixed");
  assertEquals(await bodyOf(app, "/b/x"), "id x");
  assertEquals((await ask(app, "/b/x/")).status, 404);
});

Deno.test("[FR-R2] the first registration of a method of a pattern wins, HEAD falls back to GET", async () => {
  const app = new App()
    .get("/x", () => new Response("first", { headers: { "x-a": "1" } }))
    .get("/x", () => new Response("second"))
    .post("/x", () => new Response("posted"));
  assertEquals(await bodyOf(app, "/x"), "first");
  assertEquals(await bodyOf(app, "/x", { method: "POST" }), "posted");
  const head = await ask(app, "/x", { method: "HEAD" });
  assertEquals([head.status, head.body, head.headers.get("x-a")], [200, "", "1"]);
});

Deno.test("[FR-R3] a missing method is 405, OPTIONS names the methods, both after root middlewares only", async () => {
  const app = new App<State>().use(step("root")).use("/x", step("x"))
    .get("/x", () => new Response("got")).post("/x", () => new Response("posted"));
  const options = await ask(app, "/x", { method: "OPTIONS" });
  assertEquals([options.status, options.headers.get("allow")], [204, "GET, POST"]);
  assertEquals(options.headers.get("x-trail"), "root> <root");
  const put = await ask(app, "/x", { method: "PUT" });
  assertEquals([put.status, put.body], [405, "Method Not Allowed"]);
  assertEquals((await ask(app, "/y", { method: "OPTIONS" })).status, 404);
});

Deno.test("[FR-R4] params are decoded but for reserved characters, missing ones are empty", async () => {
  const app = new App().get(
    "/d/:a/:b?",
    (ctx) => ctx.json({ ...ctx.params, proto: Object.getPrototypeOf(ctx.params) }),
  );
  assertEquals(JSON.parse(await bodyOf(app, "/d/a%20b%2Fc")), { a: "a b%2Fc", b: "", proto: null });
});

Deno.test("[FR-R5] runs of slashes collapse in ctx.url and the base path stands before every pattern", async () => {
  const app = new App({ basePath: "/base" }).get("/posts/:id", (ctx) => ctx.text(`${ctx.url.pathname} ${ctx.route}`));
  assertEquals(await bodyOf(app, "//base//posts//42"), "/base/posts/42 /base/posts/:id");
  assertEquals((await ask(app, "/posts/42")).status, 404);
});

Deno.test("[FR-M1] middlewares run from the root inwards and back, for their path and below", async () => {
  const app = new App<State>()
    .use(step("a"), step("b"))
    .use("/api", step("api"))
    .use("/api/:id", step("id"))
    .get("/api/:id/y", () => new Response("deep"))
    .get("/api/:other/z", () => new Response("other"))
    .use(step("late"))
    .get("/late", () => new Response("late"));
  const trail = async (path: string) => (await ask(app, path)).headers.get("x-trail");
  assertEquals(await trail("/api/1/y"), "a> b> api> id> <id <api <b <a");
  assertEquals(await trail("/api/1/z"), "a> b> api> <api <b <a");
  assertEquals(await trail("/late"), "a> b> late> <late <b <a");
});

Deno.test("[FR-M2] a lazy middleware is loaded once and a lazy route at its first request", async () => {
  let loads = 0;
  const app = new App()
    .get("/lazy", () => {
      loads++;
      return Promise.resolve(() => new Response("loaded"));
    })
    .route("/page", () => Promise.resolve({ component: () => <h1>page</h1> }));
  const handler = app.handler();
  for (let n = 0; n < 3; n++) {
    assertEquals(await (await handler(new Request("http://localhost/lazy"))).text(), "loaded");
  }
  assertEquals(loads, 1);
  assertStringIncludes(await bodyOf(app, "/page"), "<h1>page</h1>");
});

Deno.test("[FR-M3] what is not a Response is a 500, logged once", async () => {
  const app = new App().get("/", () => "text" as unknown as Response);
  const { result, logged } = await silently(() => ask(app, "/"));
  assertEquals([result.status, result.body, logged.length], [500, "Internal server error", 1]);
});

Deno.test("[FR-C1] redirect stays on the site for paths and passes absolute URLs", async () => {
  const app = new App().get("/", (ctx) => ctx.redirect(ctx.url.searchParams.get("to") ?? "/", 303));
  const location = async (to: string) => (await ask(app, `/?to=${encodeURIComponent(to)}`)).headers.get("location");
  assertEquals(await location("//evil.com//x?y=//"), "/evil.com/x?y=//");
  assertEquals(await location("https://example.com//a"), "https://example.com//a");
  assertEquals(await location("/a#//b"), "/a#//b");
  assertEquals((await ask(app, "/")).status, 303);
});

Deno.test("[FR-C2] stream sends strings and bytes as they come", async () => {
  const app = new App().get("/", (ctx) =>
    ctx.stream(async function* () {
      yield "ä";
      await Promise.resolve();
      yield new Uint8Array([66, 67]);
    }));
  const answer = await ask(app, "/");
  assertEquals([answer.body, answer.headers.get("content-type")], ["äBC", null]);
});

Deno.test("[FR-C3] html, json and text set what they say", async () => {
  const app = new App().get("/h", (ctx) => ctx.html("<p>", { status: 201 })).get("/j", (ctx) => ctx.json({ a: 1 }))
    .get("/t", (ctx) => ctx.text("t"));
  const type = async (path: string) => (await ask(app, path)).headers.get("content-type");
  assertEquals(await type("/h"), "text/html; charset=utf-8");
  assertEquals(await type("/j"), "application/json");
  assertEquals((await type("/t"))?.toLowerCase(), "text/plain;charset=utf-8");
});

Deno.test("[FR-C4] render refuses what is not JSX", async () => {
  const app = new App().get("/", async (ctx) => {
    await assertRejects(() => ctx.render("text" as never), TypeError, "not JSX");
    return ctx.text("refused");
  });
  assertEquals(await bodyOf(app, "/"), "refused");
});

Deno.test("[FR-C5] next at the end of the chain throws at once", async () => {
  const app = new App().get("/", (ctx) => {
    assertThrows(() => ctx.next(), HttpError);
    return ctx.text("threw");
  });
  assertEquals(await bodyOf(app, "/"), "threw");
});

Deno.test("[FR-C6] a proxy is believed only when the app says so", async () => {
  const headers = { "x-forwarded-proto": "https", "x-forwarded-host": "example.com" };
  const origin = async (trustProxy: boolean) =>
    await bodyOf(new App({ trustProxy }).get("/", (ctx) => ctx.text(ctx.url.origin)), "/", { headers });
  assertEquals(await origin(true), "https://example.com");
  assertEquals(await origin(false), "http://localhost");
});

Deno.test("[FR-W1] upgrade serves a WebSocket, and refuses what is none", async () => {
  const events: string[] = [];
  const closed = Promise.withResolvers<void>();
  const app = new App()
    .ws("/managed", {
      open: (socket) => socket.send("hello"),
      message: (socket, event) => socket.send(`echo ${event.data}`),
      close: (_, code) => {
        events.push(`closed ${code}`);
        closed.resolve();
      },
    })
    .get("/bare", (ctx) => {
      const { socket, response } = ctx.upgrade();
      socket.onopen = () => socket.close(4001);
      return response;
    });
  const refused = await ask(app, "/managed");
  assertEquals([refused.status, refused.body], [400, "Expected a WebSocket upgrade request"]);

  await using server = Deno.serve({ port: 0, onListen: () => {} }, app.handler());
  const socket = new WebSocket(`ws://localhost:${server.addr.port}/managed`);
  const heard: string[] = [];
  await new Promise<void>((resolve) => {
    socket.onmessage = ({ data }) => {
      heard.push(data);
      if (heard.length === 1) socket.send("x");
      else resolve();
    };
  });
  socket.close(4000);
  await closed.promise;
  assertEquals([heard, events], [["hello", "echo x"], ["closed 4000"]]);
  const bare = new WebSocket(`ws://localhost:${server.addr.port}/bare`);
  const code = await new Promise((resolve) => bare.onclose = (event) => resolve(event.code));
  assertEquals(code, 4001);
});

Deno.test("[FR-L1] listen takes the port that it is given", async () => {
  const abort = new AbortController();
  const address = Promise.withResolvers<Deno.NetAddr>();
  const app = new App().get("/", (ctx) => ctx.text(ctx.info.remoteAddr.transport));
  await app.listen({ port: 0, signal: abort.signal, onListen: address.resolve });
  const response = await fetch(`http://localhost:${(await address.promise).port}/`);
  assertEquals(await response.text(), "tcp");
  abort.abort();
});
