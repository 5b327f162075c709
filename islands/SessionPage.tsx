// The page of one session: head, steps, and the views of it. What needs the person comes first.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { lastLive, lineState, pageLine } from "../lib/client/line.ts";
import { type SessionStart, type SessionState, useSession } from "../lib/client/session_state.ts";
import { type Confirm, ConfirmDialog } from "../lib/ui/session/ConfirmDialog.tsx";
import { Conversation } from "../lib/ui/session/Conversation.tsx";
import { Composer } from "../lib/ui/session/Composer.tsx";
import { CostTable } from "../lib/ui/session/CostTable.tsx";
import { confirmOf } from "../lib/ui/session/confirm.ts";
import { Gone } from "../lib/ui/session/Gone.tsx";
import { OfflineBanner } from "../lib/ui/session/OfflineBanner.tsx";
import { SessionHead } from "../lib/ui/session/SessionHead.tsx";
import { StepTree } from "../lib/ui/session/StepTree.tsx";
import { firstTab, type TabName, Tabs } from "../lib/ui/session/Tabs.tsx";
import { wireApproval } from "../lib/ui/session/wire_approval.ts";
import ApprovalPanel from "./ApprovalPanel.tsx";
import ConsoleView from "./ConsoleView.tsx";
import FilesView from "./FilesView.tsx";

/** The page; `approvals` of the view lead it. */
export default function SessionPage(props: SessionStart) {
  const state = useSession(props);
  const tab = useSignal<TabName>(firstTab(props.view));
  const step = useSignal<string | null>(null);
  const ask = useSignal<Confirm | null>(null);
  const asking = useComputed(() => state.view.value.pending[0] ?? null);
  const { view, now, offline } = state;
  useEffect(() => leadTo(asking.value === null, tab), [asking.value?.approval_id]);
  useEffect(() => {
    const name = state.session.value.name;
    document.title = `${view.value.pending.length > 0 ? `(${view.value.pending.length}) ` : ""}${name} · Holdfast`;
  }, [state.session.value.name, view.value.pending.length]);
  if (state.gone.value) return <Gone />;
  return (
    <>
      <SessionHead
        session={state.shown.value}
        view={view.value}
        now={now.value}
        offline={offline.value}
        viewers={state.viewers.value}
        busy={state.doing.value}
        onAct={(act) => act === "cancel" || act === "delete" ? ask.value = confirmOf(act, state) : void state.act(act)}
        onRename={() => ask.value = confirmOf("rename", state)}
      />
      <OfflineBanner
        line={lineState.value}
        seq={view.value.seq}
        last={lastLive.value}
        now={now.value}
        onTry={() => pageLine().wake()}
      />
      {state.problem.value !== null && <p class="banner off" role="alert">{state.problem.value}</p>}
      <div class="body2">
        <aside class={`pane left${tab.value === "steps" ? " show" : ""}`}>
          <StepTree
            view={view.value}
            now={now.value}
            selected={step.value}
            onSelect={(key) => {
              step.value = key;
              if (key !== null) tab.value = "console";
            }}
          />
        </aside>
        <section class={`pane main-x${tab.value === "steps" ? " hide" : ""}`} id="view">
          <Tabs view={view.value} tab={tab.value} onTab={(name) => tab.value = name} />
          <View state={state} tab={tab.value} step={step.value} onStep={() => step.value = null} />
        </section>
      </div>
      <ConfirmDialog ask={ask.value} onClose={() => ask.value = null} />
    </>
  );
}

/** A new question leads to its tab; when the last one is answered the console shows what follows. */
function leadTo(none: boolean, tab: { value: TabName; peek(): TabName }): void {
  if (!none) tab.value = "needs";
  else if (tab.peek() === "needs") tab.value = "console";
}

function View(props: { state: SessionState; tab: TabName; step: string | null; onStep: () => void }) {
  const { state, tab } = props;
  const view = state.view.value;
  const session_id = state.session.value.session_id;
  const asked = view.pending[0];
  switch (tab) {
    case "needs":
      return asked === undefined
        ? <p class="meta" style="padding:18px 20px">Nothing needs you here.</p>
        : (
          <ApprovalPanel
            key={asked.approval_id}
            approval={wireApproval(session_id, asked)}
            now={state.now.value}
            others={view.pending.length - 1}
            spent_usd={view.cost.usd}
            offline={state.offline.value}
          />
        );
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
      return <FilesView session_id={session_id} files={view.files} />;
    case "cost":
      return <CostTable view={view} />;
    default:
      return tab satisfies never;
  }
}
