import { assert, assertEquals } from "@std/assert";
import { ADMIN_TOKEN_ID, COOKIE_MS, createTokens, LINK_MS } from "@/lib/store/tokens.ts";
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
  assertEquals(await at.tokens.byCookie(entered.cookie), info);
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
  assertEquals((await at.tokens.byCookie(won[0]!.cookie))?.token_id, ADMIN_TOKEN_ID);
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
