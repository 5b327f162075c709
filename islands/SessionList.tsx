// The list of sessions, live: rows change, come and go as commits happen; filters are addresses and work without this.
import { type Signal, useComputed, useSignal } from "@preact/signals";
import type { BulkAction } from "../lib/client/api.ts";
import type { BulkState } from "../lib/client/bulk_state.ts";
import { type ListStart, type ListState, useSessionList } from "../lib/client/session_list_state.ts";
import { EmptyList, type OfferedExample } from "../lib/ui/EmptyList.tsx";
import { BulkBar } from "../lib/ui/BulkBar.tsx";
import { type Confirm, ConfirmDialog } from "../lib/ui/session/ConfirmDialog.tsx";
import { Notice } from "../lib/ui/session/Notice.tsx";
import { SessionRow } from "../lib/ui/SessionRow.tsx";

/** The list; more rows load at the press of a button. */
export default function SessionList(props: ListStart & { total: number | null; examples: OfferedExample[] }) {
  const state = useSessionList(props);
  const { shown, now, selected, fresh, bulk } = state;
  const chosen = useComputed(() => new Set(bulk.chosen.value));
  const ask = useSignal<Confirm | null>(null);
  if (shown.value.length === 0) {
    return <EmptyList filtered={Object.keys(props.filter).length > 0} examples={props.examples} />;
  }
  return (
    <div class="slist">
      {bulk.said.value !== null && (
        <Notice
          bad={bulk.said.value.bad}
          text={bulk.said.value.text}
          onClose={() => bulk.said.value = null}
        />
      )}
      <div class="lh" aria-hidden="true">
        <span />
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
              chosen={chosen.value.has(session.session_id)}
              onChoose={() => bulk.toggle(session.session_id)}
            />
          </div>
        ))}
      </div>
      <Foot state={state} total={props.total} />
      <BulkBar
        count={bulk.chosen.value.length}
        doing={bulk.doing.value}
        onAct={(action) => act(bulk, action, ask)}
        onNone={bulk.none}
      />
      <ConfirmDialog ask={ask.value} onClose={() => ask.value = null} />
    </div>
  );
}

/** What cannot be taken back is asked first. */
function act(bulk: BulkState, action: BulkAction, ask: Signal<Confirm | null>): void {
  if (action !== "cancel" && action !== "delete") return void bulk.act(action);
  const count = bulk.chosen.peek().length;
  const what = count === 1 ? "1 session" : `${count} sessions`;
  const onYes = () => void bulk.act(action);
  ask.value = action === "cancel"
    ? {
      title: `Cancel the runs of ${what}?`,
      text: "What is running is stopped and its open questions are closed. Finished steps and files stay.",
      yes: "Cancel the runs",
      danger: true,
      onYes,
    }
    : {
      title: `Delete ${what}?`,
      text: "Their logs, questions and files go with them, running tasks are stopped. This cannot be undone.",
      yes: `Delete ${what}`,
      danger: true,
      onYes,
    };
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
        <kbd class="k">k</kbd> move <kbd class="k">Enter</kbd> open <kbd class="k">x</kbd> choose <kbd class="k">t</kbd>
        {" "}
        new task
      </span>
    </div>
  );
};
