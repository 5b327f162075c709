// The list of sessions, live: rows change, come and go as commits happen; filters are addresses and work without this.
import { type ListStart, type ListState, useSessionList } from "../lib/client/session_list_state.ts";
import { EmptyList, type OfferedExample } from "../lib/ui/EmptyList.tsx";
import { SessionRow } from "../lib/ui/SessionRow.tsx";

/** The list; more rows load at the press of a button. */
export default function SessionList(props: ListStart & { total: number | null; examples: OfferedExample[] }) {
  const state = useSessionList(props);
  const { shown, now, selected, fresh } = state;
  if (shown.value.length === 0) {
    return <EmptyList filtered={Object.keys(props.filter).length > 0} examples={props.examples} />;
  }
  return (
    <div class="slist">
      <div class="lh" aria-hidden="true">
        <span>Status</span>
        <span>Session</span>
        <span>Progress</span>
        <span>Mode</span>
        <span class="r">Cost</span>
        <span />
        <span class="r">Activity</span>
      </div>
      <div role="list" aria-label="Sessions">
        {shown.value.map((session, i) => (
          <div role="listitem" key={session.session_id}>
            <SessionRow
              session={session}
              now={now.value}
              selected={selected.value === i}
              fresh={fresh.value.has(session.session_id)}
            />
          </div>
        ))}
      </div>
      <Foot state={state} total={props.total} />
    </div>
  );
}

const Foot = (props: { state: ListState; total: number | null }) => {
  const count = props.state.shown.value.length;
  return (
    <div class="row meta" style="padding:14px 10px">
      <span>{count} of {Math.max(props.total ?? 0, count)} shown</span>
      {props.state.cursor.value !== null && (
        <button type="button" class="btn btn-xs btn-line" onClick={props.state.more}>Show more</button>
      )}
      <span class="sp only-l row" style="gap:6px">
        <kbd class="k">j</kbd>
        <kbd class="k">k</kbd> move <kbd class="k">Enter</kbd> open <kbd class="k">t</kbd> new task
      </span>
    </div>
  );
};
