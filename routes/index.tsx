// The list of sessions: what needs you first, then everything, with filters that are addresses.
import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../lib/http/define.ts";
import { signedIn } from "../lib/http/signed_in.ts";
import type { Pulse } from "../lib/protocol/rest.ts";
import { SessionStatus } from "../lib/model/session.ts";
import SessionList from "../islands/SessionList.tsx";
import TopLive from "../islands/TopLive.tsx";
import { Icon } from "../lib/ui/Icon.tsx";
import { NeedsStrip } from "../lib/ui/NeedsStrip.tsx";
import { type ListFilter, listHref } from "../lib/client/session_filter.ts";
import { TabBar, TopBar } from "../lib/ui/Shell.tsx";
import { LOOKS } from "../lib/ui/words.ts";

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
    return page({ list, pulse, asks, filter, now: clock.now(), user: me.name });
  },
});

/** A chip that is a link to a filter. */
function Chip(
  props: { to: ListFilter; on: boolean; look?: keyof typeof LOOKS; word: string; count: number | undefined },
) {
  return (
    <a
      class={`chip${props.look === undefined ? "" : ` st-${props.look}`}`}
      href={listHref(props.to)}
      {...(props.on ? { "aria-current": "true" as const } : {})}
    >
      {props.look !== undefined && <Icon name={LOOKS[props.look].icon} />}
      {props.word} {props.count !== undefined && <b>{props.count}</b>}
    </a>
  );
}

/** The filters as chips with their counts. */
function Chips(props: { filter: ListFilter; pulse: Pulse }) {
  const { filter, pulse } = props;
  const counts = pulse.by_status;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const keep = filter.q === undefined ? {} : { q: filter.q };
  const plain = filter.status === undefined && !filter.needs_you;
  return (
    <nav class="chips" aria-label="Filter">
      <Chip to={keep} on={plain} word="All" count={all} />
      <Chip
        to={{ ...keep, needs_you: true }}
        on={filter.needs_you === true}
        look="needs"
        word="Needs you"
        count={pulse.needs_you}
      />
      {(["active", "suspended", "completed", "failed", "expired"] as const).map((status) => (
        <Chip
          key={status}
          to={{ ...keep, status }}
          on={filter.status === status}
          look={status === "active" ? "running" : status}
          word={status === "active" ? "Active" : LOOKS[status].word}
          count={counts[status]}
        />
      ))}
    </nav>
  );
}

export default define.page<typeof handler>(function Sessions({ data }) {
  const { list, pulse, asks, filter, now } = data;
  return (
    <>
      <Head>
        <title>{pulse.needs_you > 0 ? `(${pulse.needs_you}) ` : ""}Sessions · Holdfast</title>
      </Head>
      <TopBar at="sessions" user={data.user}>
        <TopLive pulse={pulse} />
      </TopBar>
      <main class="page" id="main">
        <NeedsStrip approvals={asks.items} total={asks.total ?? asks.items.length} now={now} />
        <div class="filters">
          <h1 class="title only-l" style="margin-right:12px">Sessions</h1>
          <form class="field search" role="search" action="/" method="get">
            <Icon name="search" size={14} />
            <input
              type="search"
              name="q"
              value={filter.q ?? ""}
              placeholder="Search names and tasks"
              aria-label="Search names and tasks"
            />
            <span class="only-l sp">
              <kbd class="k">/</kbd>
            </span>
          </form>
          <Chips filter={filter} pulse={pulse} />
        </div>
        <SessionList
          sessions={list.items}
          total={list.total}
          next_cursor={list.next_cursor}
          filter={filter}
          now={now}
        />
      </main>
      <TabBar at="sessions" />
    </>
  );
});
