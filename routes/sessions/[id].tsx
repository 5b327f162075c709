// The page of one session, rendered with its folded view; the island keeps it live from that seq.
import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../../lib/http/define.ts";
import { signedIn } from "../../lib/http/signed_in.ts";
import SessionPage from "../../islands/SessionPage.tsx";
import TopLive from "../../islands/TopLive.tsx";
import { TabBar, TopBar } from "../../lib/ui/Shell.tsx";

export const handler = define.handlers({
  async GET(ctx) {
    const me = signedIn(ctx.state);
    const { query, clock } = ctx.state.holdfast;
    const id = ctx.params["id"] ?? "";
    const { view } = await query.view(me, id);
    const [session, pulse] = await Promise.all([query.summary(me, id), query.pulse(me)]);
    return page({ session, view, pulse, now: clock.now(), user: me.name });
  },
});

export default define.page<typeof handler>(function SessionRoute({ data }) {
  return (
    <div class="app">
      <Head>
        <title>
          {data.view.pending.length > 0 ? `(${data.view.pending.length}) ` : ""}
          {data.session.name} · Holdfast
        </title>
      </Head>
      <TopBar at="session" user={data.user}>
        <TopLive pulse={data.pulse} />
      </TopBar>
      <main id="main" class="app-main">
        <noscript>
          <p class="banner">
            Without JavaScript this page shows how things stood when it was loaded. Answer and steer with the command
            line:
            <span class="mono">deno task cli approvals</span>
          </p>
        </noscript>
        <SessionPage session={data.session} view={data.view} now={data.now} />
      </main>
      <TabBar at="session" />
    </div>
  );
});
