import { assert, assertEquals } from "@std/assert";
import { COOKIE_MS, LINK_MS } from "@/lib/store/logins.ts";
import { ADMIN_TOKEN_ID, createTokens } from "@/lib/store/tokens.ts";
import type { Kv } from "@/lib/store/kv.ts";
import { testIds } from "./support.ts";
import { VirtualClock } from "./writer/virtual_clock.ts";

const ADMIN_USER = { id: "admin", name: "Administrator" };
const SECRET = "a-secret-of-the-administrator";
async function open() {
  const kv = await Deno.openKv(":memory:");
  const clock = new VirtualClock();
  return {
    kv,
    clock,
    tokens: createTokens(kv as unknown as Kv, { clock, ids: testIds }),
    [Symbol.dispose]: () => kv.close(),
  };
}

Deno.test("[TOK-HASH] a token is found by its secret, which stands nowhere in the store", async () => {
  using at = await open();
  const { info, secret } = await at.tokens.create({ user: { id: "u", name: "U" }, admin: false, label: "laptop" });
  await at.tokens.setAdmin(SECRET, ADMIN_USER);
  assertEquals(await at.tokens.byToken(secret), info);
  assertEquals(await at.tokens.byToken(secret + "x"), null);
  const rows = await Array.fromAsync(at.kv.list<Uint8Array>({ prefix: [] }));
  for (const { key, value } of rows) {
    const text = JSON.stringify(key) + new TextDecoder().decode(value);
    assert(!text.includes(secret) && !text.includes(SECRET));
  }
});

Deno.test("[TOK-REVOKE] a revoked token is worth nothing at once, nor its cookies and links", async () => {
  using at = await open();
  const { info, secret } = await at.tokens.create({ user: { id: "u", name: "U" }, admin: false, label: "laptop" });
  const entered = await at.tokens.login(secret);
  const link = await at.tokens.makeLink(info.token_id);
  assert(entered !== null && link !== null);
  assertEquals((await at.tokens.byCookie(entered.cookie))?.info, info);
  assertEquals(await at.tokens.revoke(info.token_id), true);
  assertEquals(await at.tokens.revoke(info.token_id), false);
  assertEquals(await at.tokens.byToken(secret), null);
  assertEquals(await at.tokens.byCookie(entered.cookie), null);
  assertEquals(await at.tokens.useLink(link), null);
  assertEquals(await at.tokens.login(secret), null);
  assertEquals(await at.tokens.makeLink(info.token_id), null);
});

Deno.test("[TOK-ADMIN] another token of the administrator revokes the one before", async () => {
  using at = await open();
  await at.tokens.setAdmin(SECRET, ADMIN_USER);
  await at.tokens.setAdmin(SECRET, ADMIN_USER);
  await at.tokens.setAdmin("another-secret-of-them", ADMIN_USER);
  assertEquals(await at.tokens.byToken(SECRET), null);
  assertEquals((await at.tokens.byToken("another-secret-of-them"))?.admin, true);
  assertEquals((await at.tokens.list()).map((one) => one.token_id), [ADMIN_TOKEN_ID]);
});

Deno.test("[TOK-LINK] a link is used once, within 15 minutes; looking at it uses nothing", async () => {
  using at = await open();
  await at.tokens.setAdmin(SECRET, ADMIN_USER);
  const link = await at.tokens.makeLink(ADMIN_TOKEN_ID);
  assert(link !== null);
  assertEquals((await at.tokens.peekLink(link))?.user, ADMIN_USER);
  const uses = await Promise.all([at.tokens.useLink(link), at.tokens.useLink(link)]);
  const won = uses.filter((use) => use !== null);
  assertEquals(won.length, 1);
  assertEquals((await at.tokens.byCookie(won[0]!.cookie))?.info.token_id, ADMIN_TOKEN_ID);
  assertEquals(await at.tokens.peekLink(link), null);
  const late = await at.tokens.makeLink(ADMIN_TOKEN_ID);
  at.clock.skip(LINK_MS);
  assertEquals([await at.tokens.peekLink(late!), await at.tokens.useLink(late!)], [null, null]);
});

Deno.test("[TOK-COOKIE] a cookie ends with its time and with logout", async () => {
  using at = await open();
  await at.tokens.setAdmin(SECRET, ADMIN_USER);
  const [one, two] = [await at.tokens.login(SECRET), await at.tokens.login(SECRET)];
  await at.tokens.logout(one!.cookie);
  await at.tokens.logout("no such cookie");
  assertEquals(await at.tokens.byCookie(one!.cookie), null);
  assert(await at.tokens.byCookie(two!.cookie) !== null);
  at.clock.skip(COOKIE_MS);
  assertEquals(await at.tokens.byCookie(two!.cookie), null);
});

Deno.test("[TOK-EXPIRY] a token ends with its time, and its cookies no later than it", async () => {
  using at = await open();
  const expires_at = new Date(at.clock.now() + 60_000).toISOString();
  const user = { id: "u", name: "U" };
  const { info, secret } = await at.tokens.create({ user, admin: false, label: "for a minute", expires_at });
  const entered = await at.tokens.login(secret);
  assertEquals((await at.tokens.byCookie(entered!.cookie))?.until_ms, Date.parse(expires_at));
  at.clock.skip(60_000);
  assertEquals([await at.tokens.byToken(secret), await at.tokens.byCookie(entered!.cookie)], [null, null]);
  assertEquals([await at.tokens.login(secret), await at.tokens.stands(info.token_id)], [null, false]);
  assertEquals((await at.tokens.list()).map((one) => one.expires_at), [expires_at]);
});

Deno.test("[TOK-USED] the last use is known to the minute, and goes with the token", async () => {
  using at = await open();
  const { info, secret } = await at.tokens.create({ user: { id: "u", name: "U" }, admin: false, label: "laptop" });
  assertEquals((await at.tokens.list())[0]?.last_used_at, null);
  const first = new Date(at.clock.now()).toISOString();
  await at.tokens.byToken(secret);
  at.clock.skip(59_000);
  await at.tokens.byToken(secret);
  assertEquals((await at.tokens.list())[0]?.last_used_at, first);
  at.clock.skip(1_000);
  await at.tokens.byToken(secret);
  assertEquals((await at.tokens.list())[0]?.last_used_at, new Date(at.clock.now()).toISOString());
  await at.tokens.revoke(info.token_id);
  assertEquals((await Array.fromAsync(at.kv.list({ prefix: ["token_used"] }))).length, 0);
});

Deno.test("[TOK-ENDED] every end of a token or login is told, and written for other instances", async () => {
  using at = await open();
  const told: unknown[] = [];
  const forget = at.tokens.onEnded((ended) => told.push(ended));
  const { info, secret } = await at.tokens.create({ user: { id: "u", name: "U" }, admin: false, label: "laptop" });
  const entered = await at.tokens.login(secret);
  const login = (await at.tokens.byCookie(entered!.cookie))?.login;
  const changes: unknown[] = [];
  const note = async () => changes.push((await at.kv.get(["credentials"])).versionstamp);
  await note();
  await at.tokens.logout(entered!.cookie);
  await note();
  await at.tokens.revoke(info.token_id);
  await note();
  await at.tokens.revoke(info.token_id);
  forget();
  assertEquals(told, [{ login }, { token_id: info.token_id }]);
  assertEquals(new Set(changes).size, 3);
});
