// One approval to answer: what is asked, the subject (a plan can be edited), feedback, and the verbs that it allows.
//
// States: pending, edited (the button counts changes), invalid (names the step), sending, answered by another (edits
// are kept and it says so), offline. The state is lib/client/approval_state.ts.
import type { Approval } from "../lib/protocol/rest.ts";
import { useApprovalKeys } from "../lib/client/approval_keys.ts";
import { type ApprovalPlace, type ApprovalState, useApproval } from "../lib/client/approval_state.ts";
import { AskHead } from "../lib/ui/approval/AskHead.tsx";
import { AnswersHelp } from "../lib/ui/approval/AnswersHelp.tsx";
import { ArgsEditor } from "../lib/ui/approval/ArgsEditor.tsx";
import { AskFoot } from "../lib/ui/approval/AskFoot.tsx";
import { AskText } from "../lib/ui/approval/AskText.tsx";
import { PlanDiff } from "../lib/ui/approval/PlanDiff.tsx";
import { PlanEditor } from "../lib/ui/approval/PlanEditor.tsx";
import { SumEditor } from "../lib/ui/approval/SumEditor.tsx";
import { isSaidByHead, Subject } from "../lib/ui/approval/Subject.tsx";
import { buttonsOf } from "../lib/ui/approval/verbs.ts";

/** What the panel needs. `offline` switches answering off and keeps what was typed. */
export interface ApprovalPanelProps extends ApprovalPlace {
  approval: Approval;
  now: number;
  others: number;
  spent_usd: number;
  /** How it ended, where it was answered elsewhere while something was typed here. */
  ended: string | null;
  /** Whether it is to be seen: keys act on nothing else. */
  active: boolean;
  onClose(): void;
}

/** The panel of one pending approval. */
export default function ApprovalPanel(props: ApprovalPanelProps) {
  const { approval } = props;
  const state = useApproval(approval, props);
  const buttons = buttonsOf(approval, state.changes.value);
  useApprovalKeys({ state, buttons, active: props.active && props.ended === null });
  const { draft } = state;
  const locked = state.sending.value !== null || props.ended !== null;
  const plan = draft.value !== null && state.editable ? draft.value : null;
  const bare = plan === null && isSaidByHead(approval);
  const input = approval.approval_type === "input";
  const typed = input ? state.answer : state.feedback;
  return (
    <section class="pane approval" aria-label="Needs you" id="needs-you">
      <div class="ap-scroll-x">
        <AskHead
          approval={approval}
          now={props.now}
          others={props.others}
          spent_usd={props.spent_usd}
          ended={props.ended !== null}
        />
        <div class={`ap-body${bare ? " bare" : ""}`}>
          {!bare && (
            <div class="ap-col">
              <Asked approval={approval} state={state} locked={locked} />
            </div>
          )}
          <div class="ap-col">
            {plan !== null && <PlanDiff draft={plan} />}
            <AnswersHelp buttons={buttons} />
            <AskText answer={input} text={typed.value} onText={(text) => typed.value = text} />
          </div>
        </div>
      </div>
      <Foot {...props} state={state} />
    </section>
  );
}

/** What is asked about, with its editor where it may be changed: a plan, arguments, a sum. */
function Asked({ approval, state, locked }: { approval: Approval; state: ApprovalState; locked: boolean }) {
  const { draft, args, sum, editable } = state;
  if (editable && draft.value !== null) {
    return (
      <PlanEditor
        draft={draft.value}
        editing={state.editing.value}
        locked={locked}
        onDraft={(next) => draft.value = next}
        onEditing={(id) => state.editing.value = id}
      />
    );
  }
  if (editable && args.value !== null) {
    return (
      <ArgsEditor
        tool={toolOf(approval)}
        draft={args.value}
        locked={locked}
        onDraft={(next) => args.value = next}
      />
    );
  }
  if (sum === null) return <Subject approval={approval} />;
  return (
    <SumEditor
      edit={sum}
      text={state.sumText.value}
      wrong={state.invalid.value !== null}
      locked={locked}
      onText={(text) => state.sumText.value = text}
    />
  );
}

function toolOf({ context }: Approval): string {
  const tool = context !== null && typeof context === "object" && !Array.isArray(context) ? context["tool"] : "";
  return typeof tool === "string" ? tool : "";
}

const Foot = (props: ApprovalPanelProps & { state: ApprovalState }) => (
  <AskFoot
    buttons={buttonsOf(props.approval, props.state.changes.value)}
    ended={props.ended}
    onClose={props.onClose}
    sending={props.state.sending.value}
    invalid={props.state.invalid.value}
    problem={props.state.problem.value}
    offline={props.offline}
    onVerb={(verb) => void props.state.send(verb)}
  />
);
