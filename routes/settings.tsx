// Settings: who may come in. People see their own tokens, administrators all.
import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../lib/http/define.ts";
import { signedIn } from "../lib/http/signed_in.ts";
import TokenTable from "../islands/TokenTable.tsx";
import TopLive from "../islands/TopLive.tsx";
import { TabBar, TopBar } from "../lib/ui/Shell.tsx";

export const handler = define.handlers({
  async GET(ctx) {
    const me = signedIn(ctx.state);
    const { accounts, query, clock } = ctx.state.holdfast;
    const [tokens, pulse] = await Promise.all([accounts.tokens(me, { limit: 50 }), query.pulse(me)]);
    return page({ tokens, pulse, me, now: clock.now(), auth: ctx.state.config.auth });
  },
});

export default define.page<typeof handler>(function Settings({ data }) {
  const { tokens, pulse, me, now, auth } = data;
  return (
    <>
      <Head>
        <title>Settings · Holdfast</title>
      </Head>
      <TopBar at="settings" user={me.name}>
        <TopLive pulse={pulse} />
      </TopBar>
      <main class="settings" id="main">
        <h1>Settings</h1>
        <p class="dense muted">
          You are {me.name} (<span class="mono">{me.id}</span>){me.admin ? ", an administrator" : ""}.
          {auth === "off" && " Authentication is off: whoever reaches this port is the administrator."}
        </p>
        <h2>{me.admin ? "Tokens of all people" : "Your tokens"}</h2>
        <TokenTable tokens={tokens.items} next_cursor={tokens.next_cursor} admin={me.admin} now={now} />
      </main>
      <TabBar at="settings" />
    </>
  );
});
