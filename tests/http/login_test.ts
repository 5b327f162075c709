import { assert, assertEquals, assertMatch } from "@std/assert";
import { App } from "fresh";
import { login, logout, ownPath, readLink } from "@/lib/http/login.ts";
import { cookieOf, setCookie } from "@/lib/http/auth.ts";
import { LiveHub } from "@/lib/live/hub.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN, COOKIE_VALUE, FakeHoldfast } from "@/tests/support/fake_holdfast.ts";
import { getLogger } from "@logtape/logtape";

function stateOf(public_url = "http://127.0.0.1:8000") {
  const { holdfast } = new FakeHoldfast(new LiveHub(new FakeClock()));
  const config = {
    public_url,
    version: "0",
    auth: "on",
    metrics: "admin",
    isolation: "plain",
    model: "m",
    instance: "i",
  };
  return {
    holdfast,
    config: { ...config, auth: "on", metrics: "admin" } as const,
    log: getLogger(["holdfast", "test"]),
  };
}
const form = (fields: Record<string, string>, query = "") =>
  new Request(`http://127.0.0.1:8000/login${query}`, { method: "POST", body: new URLSearchParams(fields) });

Deno.test("[LOGIN1] a form with the token gets the cookie and goes on to where it came from, on this server only", async () => {
  const result = await login(form({ token: ` ${ADMIN_TOKEN} `, next: "/sessions/1?x=2" }), stateOf());
  assert(result.ok);
  assertEquals([result.response.status, result.response.headers.get("location")], [303, "/sessions/1?x=2"]);
  assertEquals(
    result.response.headers.get("set-cookie"),
    `holdfast_session=${COOKIE_VALUE}; Path=/; HttpOnly; SameSite=Lax; Max-Age=2592000`,
  );
  const evil = [
    "//evil.example",
    "https://evil.example",
    "/\\evil.example",
    "/.//evil.example",
    "javascript:1",
    "",
    "x",
  ];
  for (const next of evil) assertEquals(ownPath(next), "/", next);
  assertEquals(ownPath("/a//b?c=//d#e"), "/a//b?c=//d#e");
  const secure = await login(form({ token: ADMIN_TOKEN }), stateOf("https://holdfast.example"));
  assertMatch(secure.ok ? secure.response.headers.get("set-cookie") ?? "" : "", /; Secure$/);
});

Deno.test("[LOGIN2] a wrong token is refused without a cookie; the form keeps where it wanted to go", async () => {
  for (const token of ["", "x", "wrong-token-of-nobody", "a".repeat(500), "<script>"]) {
    const result = await login(form({ token, next: "/new" }), stateOf());
    assert(!result.ok);
    assertEquals([result.error.code, result.next], ["unauthenticated", "/new"]);
  }
});

Deno.test("[LOGIN3] a link is used up by its POST only, once", async () => {
  const state = stateOf();
  const url = new URL("http://127.0.0.1:8000/login/link?code=link-secret");
  for (let looked = 0; looked < 3; looked++) {
    assertEquals(await readLink(url, state), { secret: "link-secret", usable: true });
  }
  const first = await login(form({ link: "link-secret" }), state);
  assertEquals(first.ok, true);
  assertEquals((await readLink(url, state)).usable, false);
  const second = await login(form({ link: "link-secret" }), state);
  assertEquals(second.ok, false);
});

Deno.test("[LOGIN4] JSON clients get JSON; logging out takes the cookie away", async () => {
  const json = (body: unknown) =>
    new Request("http://127.0.0.1:8000/login", {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  const result = await login(json({ token: ADMIN_TOKEN }), stateOf());
  assert(result.ok);
  assertEquals(await result.response.json(), { id: "admin", name: "Administrator", admin: true });
  const out = await logout(new Request("http://127.0.0.1:8000/logout", { method: "POST" }), stateOf());
  assertEquals([out.status, out.headers.get("location")], [303, "/login"]);
  assertMatch(out.headers.get("set-cookie") ?? "", /holdfast_session=; .*Max-Age=0/);
  assertEquals(setCookie(null, "http://x").includes("Secure"), false);
  assertEquals(cookieOf(new Headers({ cookie: "a=b; holdfast_session=xy=; c" })), "xy=");
});

Deno.test("[LOGIN5] pages without credentials lead to the login and come back; the login is open; pages have a policy", async () => {
  const doors = await openDoors();
  try {
    const ask = (path: string, init: RequestInit = {}) => fetch(doors.url + path, { redirect: "manual", ...init });
    const away = async (path: string, init: RequestInit = {}) => {
      const response = await ask(path, init);
      await response.body?.cancel();
      return [response.status, response.headers.get("location")];
    };
    assertEquals(await away("/"), [303, "/login"]);
    assertEquals(await away("/sessions/1?a=b&c"), [303, "/login?next=%2Fsessions%2F1%3Fa%3Db%26c"]);
    assertEquals(await away("/no/such/page"), [303, "/login?next=%2Fno%2Fsuch%2Fpage"]);
    assertEquals(await away("/", { method: "POST" }), [303, "/login"]);
    const page = await ask("/login");
    assertEquals([page.status, await page.text()], [200, "<h1>Log in</h1>"]);
    assertMatch(page.headers.get("content-security-policy") ?? "", /frame-ancestors 'none'/);
    const missing = await ask("/no/such/page", { headers: { cookie: `holdfast_session=${COOKIE_VALUE}` } });
    assertEquals(missing.status, 404);
    await missing.body?.cancel();
    const home = await ask("/", { headers: { cookie: `holdfast_session=${COOKIE_VALUE}` } });
    assertEquals(await home.text(), "<h1>Home</h1>");
  } finally {
    await doors.close();
  }
});

Deno.test("[LOGIN6] an error of ours in a page keeps its status for the error page", async () => {
  const { guard } = await import("@/lib/http/guard.ts");
  const { AppError } = await import("@/lib/model/error.ts");
  const { provideState, attach } = await import("@/lib/http/attach.ts");
  const state = stateOf();
  const live = { general: fail, run: fail, follow: fail, metrics: () => "" };
  const app = new App<Awaited<ReturnType<typeof stateOf>> & import("@/lib/http/state.ts").State>()
    .use((ctx) => provideState(ctx)).use((ctx) => guard(ctx))
    .onError("/", (ctx) => new Response(String(ctx.error), { status: 418 }))
    .get("/page", () => {
      throw new AppError("not_found", "Cannot find the page's session");
    });
  const request = new Request("http://x/page", { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
  attach(request, { services: { ...state, live, rate: { take() {} } }, request_id: "r" });
  const response = await app.handler()(request);
  assertEquals([response.status, await response.text()], [418, "HttpError: Cannot find the page's session"]);
});
function fail(): never {
  throw new Error("not used");
}
