// The list of sessions: what needs you first, then everything, with filters that are addresses.
import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../lib/http/define.ts";
import { examples } from "../lib/http/examples.ts";
import { signedIn } from "../lib/http/signed_in.ts";
import type { State } from "../lib/http/state.ts";
import { SessionStatus } from "../lib/model/session.ts";
import ListHead from "../islands/ListHead.tsx";
import SessionList from "../islands/SessionList.tsx";
import TopLive from "../islands/TopLive.tsx";
import type { ListFilter } from "../lib/client/session_filter.ts";
import { TabBar, TopBar } from "../lib/ui/Shell.tsx";

/** The filter in the address; what does not fit is as if it were not there. */
function filterOf(url: URL): ListFilter {
  const status = SessionStatus.safeParse(url.searchParams.get("status"));
  const q = url.searchParams.get("q")?.slice(0, 200) ?? "";
  return {
    ...(status.success ? { status: status.data } : {}),
    ...(url.searchParams.get("needs_you") === "true" ? { needs_you: true } : {}),
    ...(q === "" ? {} : { q }),
  };
}

/** Names of sessions; one that was deleted meanwhile has none. */
async function namesOf(state: State, ids: readonly string[]): Promise<Record<string, string>> {
  const me = signedIn(state);
  const found = await Promise.allSettled(ids.map((id) => state.holdfast.query.summary(me, id)));
  return Object.fromEntries(
    found.flatMap((one) => one.status === "fulfilled" ? [[one.value.session_id, one.value.name]] : []),
  );
}

export const handler = define.handlers({
  async GET(ctx) {
    const me = signedIn(ctx.state);
    const { query, clock } = ctx.state.holdfast;
    const filter = filterOf(ctx.url);
    const [list, pulse, asks] = await Promise.all([
      query.sessions(me, { ...filter, limit: 50 }),
      query.pulse(me),
      query.approvals(me, { status: "pending", limit: 3 }),
    ]);
    const names = await namesOf(ctx.state, [...new Set(asks.items.map((ask) => ask.session_id))]);
    return page({ list, pulse, asks, names, examples: await examples(), filter, now: clock.now(), user: me.name });
  },
});

export default define.page<typeof handler>(function Sessions({ data }) {
  const { list, pulse, asks, filter, now } = data;
  const offered = data.examples.map(({ name, title, mode }) => ({ name, title, mode }));
  return (
    <>
      <Head>
        <title>{pulse.needs_you > 0 ? `(${pulse.needs_you}) ` : ""}Sessions · Holdfast</title>
      </Head>
      <TopBar at="sessions" user={data.user}>
        <TopLive pulse={pulse} />
      </TopBar>
      <main class="page" id="main">
        <ListHead
          approvals={asks.items}
          total={asks.total ?? asks.items.length}
          names={data.names}
          filter={filter}
          pulse={pulse}
          now={now}
        />
        <SessionList
          sessions={list.items}
          total={list.total}
          next_cursor={list.next_cursor}
          examples={offered}
          filter={filter}
          now={now}
        />
      </main>
      <TabBar at="sessions" />
    </>
  );
});
