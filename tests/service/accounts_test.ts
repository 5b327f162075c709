import { assert, assertEquals, assertMatch } from "@std/assert";
import { createAccounts } from "@/lib/service/accounts.ts";
import { systemClock, systemIds } from "@/lib/service/system.ts";
import { openStore } from "@/lib/store/kv.ts";
import { createTokens } from "@/lib/store/tokens.ts";
import { FakeClock } from "./support/fake_clock.ts";

const TOKEN = "administrator-token-0123456789";

async function withAccounts(
  work: (made: {
    make(token?: string | null): ReturnType<typeof createAccounts>;
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
    await work({ make: (token = null) => createAccounts({ config: { token, data }, tokens }), data, clock });
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
