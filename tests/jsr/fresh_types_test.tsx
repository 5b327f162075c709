// The types that app code relies on. What must not compile is marked; if it did compile, the check
// of this file would fail.

import { App, type Context, createDefine, HttpError, type Middleware, page, type PageProps, staticFiles } from "fresh";
import type { HandlerFn, LayoutConfig, PageResponse, RouteConfig, RouteData } from "fresh";
import { assertEquals } from "@std/assert";

interface State {
  user?: string;
}

const define = createDefine<State>();

// True only if both types are the same.
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const isTrue = <T extends true>(fact: T): T => fact;

Deno.test("[FR-Y1] define infers a page's data from its handler, and a handler's context", () => {
  const handler = define.handlers({
    GET(ctx) {
      isTrue<Same<typeof ctx, Context<State>>>(true);
      return page({ n: 1, text: "x" });
    },
    POST: (ctx) => ctx.redirect("/"),
  });
  const component = define.page<typeof handler>(({ data, state, Component, url }) => {
    isTrue<Same<typeof data, { n: number; text: string }>>(true);
    isTrue<Same<typeof state, State>>(true);
    return (
      <p title={url.href}>
        {data.n}
        <Component />
      </p>
    );
  });
  const loose = define.handlers(() => page({ a: [1] }));
  define.page<typeof loose>(({ data }) => <p>{data.a.length}</p>);
  isTrue<Same<RouteData<HandlerFn<{ a: number }, unknown>>, { a: number }>>(true);
  // @ts-expect-error -- registered by hand, a component must take any data; as a file it is not checked
  new App<State>().route("/", { handler, component });
});

Deno.test("[FR-Y2] pages and layouts may be async and may answer with a Response", () => {
  const async = define.page(async ({ url }) => {
    await Promise.resolve();
    return url.search ? new Response() : <p />;
  });
  const layout = define.layout(async ({ Component, data }) => {
    isTrue<Same<typeof data, unknown>>(true);
    await Promise.resolve();
    return <Component />;
  });
  const app = new App<State>().appWrapper(layout).layout("/", layout, { skipAppWrapper: true });
  assertEquals([app.config.mode, typeof async], ["production", "function"]);
});

Deno.test("[FR-Y3] what the real package refuses is refused", () => {
  const app = new App<State>();
  // @ts-expect-error -- a handler of `get` must give a Response
  app.get("/", () => page({}));
  // @ts-expect-error -- a status from elsewhere has to be narrowed first
  const any = (status: number) => new HttpError(status);
  // @ts-expect-error -- 200 is no error
  const ok = () => new HttpError(200);
  const typed = define.handlers<{ slug: string }>;
  // @ts-expect-error -- the slug is missing
  typed({ GET: () => page({}) });
  // @ts-expect-error -- there is no such method
  const options = () => app.options("/", () => new Response());
  // @ts-expect-error -- the state has no such field
  define.middleware((ctx) => new Response(ctx.state.missing));
  assertEquals([any, ok, options].length, 3);
});

Deno.test("[FR-Y4] middlewares fit an app of any state, one by one and as a list", () => {
  const list = define.middleware([(ctx) => ctx.next(), (ctx) => new Response(ctx.state.user)]);
  const one: Middleware<State> = (ctx) => ctx.next();
  const app: App<State> = new App<State>({ basePath: "/x" }).use(staticFiles(), one, ...list).use("/a", one).fsRoutes();
  const props: (keyof PageProps<number, State>)[] = ["data", "state", "url", "error", "Component", "route", "info"];
  const config: RouteConfig & LayoutConfig = { routeOverride: "/:a", skipAppWrapper: true };
  const response: PageResponse<undefined> = page();
  assertEquals([app.config.basePath, props.length, config.routeOverride, response.data], ["/x", 7, "/:a", undefined]);
});
