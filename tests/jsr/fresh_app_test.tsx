// The app as code: matching, order of middlewares, errors, layouts, and the ways to answer.

import { App, HttpError, type Middleware, page } from "fresh";
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { Head } from "fresh/runtime";

type State = { trail?: string[] };
type Answer = { status: number; body: string; headers: Headers };

async function ask<S>(app: App<S>, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await app.handler()(new Request(`http://localhost${path}`, init));
  return { status: response.status, body: await response.text(), headers: response.headers };
}

async function bodyOf<S>(app: App<S>, path: string, init?: RequestInit): Promise<string> {
  return (await ask(app, path, init)).body;
}

const step = (name: string): Middleware<State> => async (ctx) => {
  ctx.state.trail = [...ctx.state.trail ?? [], `${name}>`];
  const response = await ctx.next();
  ctx.state.trail?.push(`<${name}`);
  response.headers.set("x-trail", ctx.state.trail?.join(" ") ?? "");
  return response;
};

// What the app itself logs of errors that nothing has taken is not of interest here.
async function silently<T>(run: () => Promise<T>): Promise<{ result: T; logged: unknown[] }> {
  const logged: unknown[] = [];
  const { error } = console;
  Object.assign(console, { error: (value: unknown) => logged.push(value) });
  try {
    return { result: await run(), logged };
  } finally {
    Object.assign(console, { error });
  }
}

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
  assert(["tcp"].includes(await response.text()));
  abort.abort();
});
