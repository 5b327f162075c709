import { assertEquals } from "@std/assert";
import { COOKIE, identify } from "@/lib/http/auth.ts";
import type { Accounts } from "@/lib/service/holdfast.ts";

const who = (id: string) => ({ kind: "user", id, name: id, admin: false } as const);
const GOOD = "t".repeat(43);
const accounts = {
  administrator: who("admin"),
  byToken: (token: string) => Promise.resolve(token === GOOD ? who("bearer") : null),
  byCookie: (cookie: string) => Promise.resolve(cookie === "good" ? who("cookie") : null),
} as unknown as Accounts;
const asks = async (headers: Record<string, string>, auth: "on" | "off" = "on") =>
  (await identify(new Headers(headers), { accounts, auth })).principal?.id ?? null;

Deno.test("[HTTP53] a bearer token that is wrong, or is none, is not made good by the cookie beside it", async () => {
  const cookie = `${COOKIE}=good`;
  assertEquals(await asks({ cookie }), "cookie");
  assertEquals(await asks({ cookie, authorization: `Bearer ${GOOD}` }), "bearer");
  for (
    const authorization of ["Bearer " + "x".repeat(43), "Bearer short", "Bearer", "Basic YTpi", `Bearer ${GOOD} x`]
  ) {
    assertEquals(await asks({ cookie, authorization }), null, authorization);
  }
  for (const offered of ["bearer.", "bearer.short", `bearer.${"x".repeat(43)}`]) {
    assertEquals(await asks({ cookie, "sec-websocket-protocol": `holdfast.v1, ${offered}` }), null, offered);
  }
  assertEquals(await asks({ cookie, "sec-websocket-protocol": `holdfast.v1, bearer.${GOOD}` }), "bearer");
  assertEquals(await asks({ cookie: `other=good; ${COOKIE}x=good` }), null);
});

Deno.test("[HTTP54] with authentication off everyone is the administrator", async () => {
  assertEquals(await asks({}, "off"), "admin");
});
