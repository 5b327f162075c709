// The page of one session: head, steps, and the views of it. What needs the person comes first.
import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { type AskingState, useAsking } from "../lib/client/asking_state.ts";
import { lastLive, lineState, pageLine } from "../lib/client/line.ts";
import { type SessionStart, type SessionState, useSession } from "../lib/client/session_state.ts";
import { type Confirm, ConfirmDialog } from "../lib/ui/session/ConfirmDialog.tsx";
import { Conversation } from "../lib/ui/session/Conversation.tsx";
import { Composer } from "../lib/ui/session/Composer.tsx";
import { CostTable } from "../lib/ui/session/CostTable.tsx";
import { confirmOf } from "../lib/ui/session/confirm.ts";
import { Gone } from "../lib/ui/session/Gone.tsx";
import { Notice } from "../lib/ui/session/Notice.tsx";
import { OfflineBanner } from "../lib/ui/session/OfflineBanner.tsx";
import { RightsList } from "../lib/ui/session/RightsList.tsx";
import { SessionHead } from "../lib/ui/session/SessionHead.tsx";
import { StepTree } from "../lib/ui/session/StepTree.tsx";
import { firstTab, type TabName, tabOf, Tabs } from "../lib/ui/session/Tabs.tsx";
import { wireApproval } from "../lib/ui/session/wire_approval.ts";
import { endingOf } from "../lib/ui/words.ts";
import ApprovalPanel from "./ApprovalPanel.tsx";
import ConsoleView from "./ConsoleView.tsx";
import FilesView from "./FilesView.tsx";

/** The page; what is asked leads it. */
export default function SessionPage(props: SessionStart) {
  const state = useSession(props);
  const asking = useAsking(state.view);
  const { tab, turnTo } = useTab(props.view, asking);
  const step = useSignal<string | null>(null);
  const ask = useSignal<Confirm | null>(null);
  const { view } = state;
  useTitle(state);
  const run_id = view.value.runs.at(-1)?.run_id;
  useEffect(() => () => void (step.value = null), [run_id]);
  if (state.gone.value) return <Gone />;
  const select = (key: string | null) => {
    step.value = key;
    if (key !== null) turnTo("console");
  };
  return (
    <>
      <SessionHead
        session={state.shown.value}
        view={view.value}
        now={state.known.value}
        offline={state.offline.value}
        viewers={state.viewers.value}
        busy={state.doing.value}
        onAct={(act) => act === "cancel" || act === "delete" ? ask.value = confirmOf(act, state) : void state.act(act)}
        onRename={() => ask.value = confirmOf("rename", state)}
      />
      <Said state={state} asking={asking} />
      <div class="body2">
        <aside class={`pane left${tab.value === "steps" ? " show" : ""}`}>
          <StepTree
            view={view.value}
            now={state.known.value}
            offline={state.offline.value}
            selected={step.value}
            onSelect={select}
            onRetry={mayRetry(state) ? (key) => void state.retryFrom(key) : null}
          />
        </aside>
        <section class={`pane main-x${tab.value === "steps" ? " hide" : ""}`} id="view">
          <Tabs
            view={view.value}
            asked={asking.asked.value !== null}
            files={state.files.value.length}
            tab={tab.value}
            onTab={turnTo}
          />
          <Asked state={state} asking={asking} tab={tab} />
          <View state={state} tab={tab.value} step={step.value} onStep={() => step.value = null} />
        </section>
      </div>
      <ConfirmDialog ask={ask.value} onClose={() => ask.value = null} />
    </>
  );
}

/** The view that is shown; one that a person chose stands in the address, so that a reload and a link show it too. */
function useTab(view: SessionStart["view"], asking: AskingState) {
  const tab = useSignal<TabName>(firstTab(view));
  // First what is asked, then the address: a link to a view leads there also while something is asked.
  useEffect(() => leadTo(asking.asked.value === null, tab), [asking.asked.value?.approval_id]);
  useEffect(() => void (tab.value = tabOf(location.hash, view) ?? tab.peek()), []);
  const turnTo = (name: TabName) => {
    tab.value = name;
    history.replaceState(history.state, "", `#${name}`);
  };
  return { tab, turnTo };
}

/** The tab of the browser says what waits, and when there is nothing left to see. */
function useTitle({ view, shown, gone }: SessionState): void {
  const asked = view.value.pending.length;
  const title = gone.value ? "Deleted" : `${asked > 0 ? `(${asked}) ` : ""}${shown.value.name}`;
  useEffect(() => void (document.title = `${title} · Holdfast`), [title]);
}

/** A run can be repeated when it is over and its session takes another. */
function mayRetry({ shown, offline, doing }: SessionState): boolean {
  const { run_status, status } = shown.value;
  const over = run_status === "failed" || run_status === "cancelled" || run_status === "completed";
  return over && status !== "suspended" && status !== "expired" && !offline.value && doing.value === null;
}

/** What is to be known before anything else: the line is lost, an act was refused, somebody else answered. */
function Said(props: { state: SessionState; asking: AskingState }) {
  const { state, asking } = props;
  const ended = asking.ended.value;
  return (
    <>
      <OfflineBanner
        line={lineState.value}
        seq={state.view.value.seq}
        last={lastLive.value}
        now={state.now.value}
        onTry={() => pageLine().wake()}
      />
      {state.problem.value !== null && (
        <Notice
          bad
          text={state.problem.value}
          onClose={() => state.problem.value = null}
        />
      )}
      {ended !== null && (
        <Notice
          text={`${ended.action} ${endingOf(ended)}.`}
          onClose={() => asking.ended.value = null}
        />
      )}
    </>
  );
}

/** A new question leads to its tab; when the last one is answered the console shows what follows. */
function leadTo(none: boolean, tab: { value: TabName; peek(): TabName }): void {
  if (!none) tab.value = "needs";
  else if (tab.peek() === "needs") tab.value = "console";
}

/** The question; it stays while another tab is looked at, so that nothing that was typed goes. */
function Asked(props: { state: SessionState; asking: AskingState; tab: Signal<TabName> }) {
  const { state, asking, tab } = props;
  const asked = asking.asked.value;
  if (asked === null) return null;
  const view = state.view.value;
  return (
    <div class="pane-x" hidden={tab.value !== "needs"}>
      <ApprovalPanel
        key={asked.approval_id}
        approval={wireApproval(state.session.value.session_id, asked)}
        now={state.now.value}
        others={view.pending.filter((one) => one.approval_id !== asked.approval_id).length}
        spent_usd={view.cost.usd}
        offline={state.offline.value}
        ended={asked.status === "pending" ? null : endingOf(asked)}
        active={tab.value === "needs"}
        dirty={asking.dirty}
        onSent={asking.sent}
        onClose={asking.close}
      />
    </div>
  );
}

function View(props: { state: SessionState; tab: TabName; step: string | null; onStep: () => void }) {
  const { state, tab } = props;
  const view = state.view.value;
  const session_id = state.session.value.session_id;
  switch (tab) {
    case "needs":
      return null;
    case "talk":
      return (
        <div class="scroll-x">
          <Conversation view={view} />
          <Composer session={state.shown.value} offline={state.offline.value} onStart={state.startRun} />
        </div>
      );
    case "steps":
    case "console":
      return <ConsoleView session_id={session_id} view={view} step={props.step} onAll={props.onStep} />;
    case "files":
      return <FilesView session_id={session_id} files={state.files.value} />;
    case "cost":
      return <CostTable view={view} />;
    case "rights":
      return (
        <RightsList
          grants={view.grants}
          taking={state.taking.value}
          offline={state.offline.value}
          onTakeBack={(id) => void state.takeBack(id)}
        />
      );
    default:
      return tab satisfies never;
  }
}
