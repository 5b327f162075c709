import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createAccounts } from "@/lib/service/accounts.ts";
import { AppError } from "@/lib/model/error.ts";
import type { Ended, UserPrincipal } from "@/lib/model/principal.ts";
import { systemClock, systemIds } from "@/lib/service/system.ts";
import { openStore } from "@/lib/store/kv.ts";
import { createTokens } from "@/lib/store/tokens.ts";
import { FakeClock } from "./support/fake_clock.ts";

const TOKEN = "administrator-token-0123456789";

async function withAccounts(
  work: (made: {
    make(
      token?: string | null,
      more?: { watchEnded?: () => ReadableStream<unknown> },
    ): ReturnType<typeof createAccounts>;
    data: string;
    clock: FakeClock;
  }) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  const data = `${folder}/data`;
  const clock = new FakeClock();
  const connection = await openStore(":memory:", { clock: systemClock });
  const tokens = createTokens(connection.kv, { clock, ids: systemIds });
  try {
    await work({
      make: (token = null, more = {}) => createAccounts({ config: { token, data }, tokens, clock, ...more }),
      data,
      clock,
    });
  } finally {
    connection.close();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("[ACC1] the first start makes a token for the command line, in a file of mode 0600, and keeps it", async () => {
  await withAccounts(async ({ make, data }) => {
    await make().start();
    const token = (await Deno.readTextFile(`${data}/cli-token`)).trim();
    assertMatch(token, /^[A-Za-z0-9_-]{43}$/);
    assertEquals((await Deno.stat(`${data}/cli-token`)).mode! & 0o777, 0o600);
    const again = make();
    await again.start();
    assertEquals((await Deno.readTextFile(`${data}/cli-token`)).trim(), token);
    assertEquals((await again.byToken(token))?.admin, true);
  });
});

Deno.test("[ACC2] a file that is lost or wrong gets a new token; its mode is not believed", async () => {
  await withAccounts(async ({ make, data }) => {
    await make().start();
    await Deno.writeTextFile(`${data}/cli-token`, "something-else-0123456789\n");
    await Deno.chmod(`${data}/cli-token`, 0o644);
    const accounts = make();
    await accounts.start();
    const token = (await Deno.readTextFile(`${data}/cli-token`)).trim();
    assert(await accounts.byToken(token) !== null);
    assertEquals((await Deno.stat(`${data}/cli-token`)).mode! & 0o777, 0o600);
  });
});

Deno.test("[ACC3] HOLDFAST_TOKEN is the administrator's, replaces the one before, and is never written down", async () => {
  await withAccounts(async ({ make, data }) => {
    await make(TOKEN).start();
    const accounts = make(`${TOKEN}-2`);
    await accounts.start();
    assertEquals([await accounts.byToken(TOKEN), (await accounts.byToken(`${TOKEN}-2`))?.id], [null, "admin"]);
    assertEquals((await Deno.readTextFile(`${data}/cli-token`)).includes(TOKEN), false);
  });
});

Deno.test("[ACC4] a cookie stands for its token until logout; a wrong token makes none", async () => {
  await withAccounts(async ({ make }) => {
    const accounts = make(TOKEN);
    await accounts.start();
    assertEquals(await accounts.login("wrong-token-0123456789"), null);
    const { cookie } = await accounts.login(TOKEN) ?? { cookie: "" };
    assertEquals((await accounts.byCookie(cookie))?.name, "Administrator");
    await accounts.logout(cookie);
    assertEquals(await accounts.byCookie(cookie), null);
  });
});

Deno.test("[ACC5] a login link works once, within 15 minutes; looking at it does not use it up", async () => {
  await withAccounts(async ({ make, clock }) => {
    const accounts = make();
    await accounts.start();
    const link = await accounts.makeLink();
    assertEquals([await accounts.peekLink(link), await accounts.peekLink(link)], [true, true]);
    const used = await Promise.all([accounts.useLink(link), accounts.useLink(link)]);
    assertEquals(used.filter((one) => one !== null).length, 1);
    const late = await accounts.makeLink();
    clock.advance(15 * 60_000);
    assertEquals([await accounts.peekLink(late), await accounts.useLink(late)], [false, null]);
  });
});

const ROOT: UserPrincipal = { kind: "user", id: "admin", name: "Administrator", admin: true };
const codeOf = async (work: () => Promise<unknown>) => (await assertRejects(work, AppError)).code;

Deno.test("[ACC6] a token made for a person is worth that person until it is revoked, its logins too", async () => {
  await withAccounts(async ({ make }) => {
    const accounts = make();
    await accounts.start();
    const told: (Ended | null)[] = [];
    accounts.onEnded((ended) => told.push(ended));
    const { token, secret } = await accounts.makeToken(ROOT, { label: "laptop", user: { id: "anna", name: "Anna" } });
    const anna = await accounts.byToken(secret);
    assertEquals([anna?.id, anna?.name, anna?.admin], ["anna", "Anna", false]);
    const entered = await accounts.login(secret);
    const cookie = await accounts.byCookie(entered?.cookie ?? "");
    assert(anna?.credential !== undefined && cookie?.credential !== undefined);
    assertEquals([await accounts.stands(anna.credential), await accounts.stands(cookie.credential)], [true, true]);
    await accounts.revokeToken(ROOT, token.token_id);
    assertEquals([await accounts.byToken(secret), await accounts.byCookie(entered?.cookie ?? "")], [null, null]);
    assertEquals([await accounts.stands(anna.credential), await accounts.stands(cookie.credential)], [false, false]);
    assertEquals(told, [{ token_id: token.token_id }]);
    await accounts.close();
  });
});

Deno.test("[ACC7] people see and revoke their own tokens only; administrators all", async () => {
  await withAccounts(async ({ make, clock }) => {
    const accounts = make();
    await accounts.start();
    const a = await accounts.makeToken(ROOT, { label: "a", user: { id: "anna", name: "Anna" } });
    const b = await accounts.makeToken(ROOT, { label: "b", user: { id: "bert" } });
    const anna = await accounts.byToken(a.secret);
    assert(anna !== null);
    clock.advance(1);
    const own = await accounts.makeToken(anna, { label: "second" });
    const seen = await accounts.tokens(anna, { limit: 50 });
    assertEquals(seen.items.map((one) => [one.label, one.current]), [["a", true], ["second", false]]);
    assertEquals(await codeOf(() => accounts.revokeToken(anna, b.token.token_id)), "not_found");
    assertEquals(await codeOf(() => accounts.revokeToken(anna, "nope")), "not_found");
    await accounts.revokeToken(anna, own.token.token_id);
    assertEquals((await accounts.tokens(ROOT, { limit: 50 })).total, 3);
    const first = await accounts.tokens(ROOT, { limit: 2 });
    const rest = await accounts.tokens(ROOT, { limit: 2, cursor: first.next_cursor ?? "" });
    assertEquals([first.items.length, rest.items.length, rest.next_cursor], [2, 1, null]);
    await accounts.close();
  });
});

Deno.test("[ACC8] the administrator's token of HOLDFAST_TOKEN is ended by its setting, not by a click", async () => {
  await withAccounts(async ({ make }) => {
    const accounts = make(TOKEN);
    await accounts.start();
    assertEquals(await codeOf(() => accounts.revokeToken(ROOT, "admin")), "conflict");
    await accounts.close();
  });
});

Deno.test("[ACC9] what ends on another instance is told as something to look at, also after the watch was lost", async () => {
  await withAccounts(async ({ make, clock }) => {
    const watches: ReadableStreamDefaultController<unknown>[] = [];
    const watchEnded = () => new ReadableStream<unknown>({ start: (controller) => void watches.push(controller) });
    const accounts = make(null, { watchEnded });
    await accounts.start();
    const told: (Ended | null)[] = [];
    accounts.onEnded((ended) => told.push(ended));
    const turn = () => new Promise<void>((done) => setTimeout(done));
    watches[0]?.enqueue([]);
    await turn();
    assertEquals(told, [null]);
    watches[0]?.error(new Error("the line broke"));
    await turn();
    clock.advance(1_000);
    await turn();
    watches[1]?.enqueue([]);
    await turn();
    assertEquals(told, [null, null]);
    await accounts.close();
  });
});
