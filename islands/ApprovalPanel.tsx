// One approval to answer: what is asked, the subject (a plan can be edited), feedback, and the verbs that it allows.
//
// States: pending, edited (the button counts changes), invalid (names the step), sending, answered by another (edits
// are kept and it says so), offline. The state is lib/client/approval_state.ts.
import type { Approval } from "../lib/protocol/rest.ts";
import { type ApprovalState, useApproval, useApprovalKeys } from "../lib/client/approval_state.ts";
import { AskHead } from "../lib/ui/approval/AskHead.tsx";
import { AskFoot } from "../lib/ui/approval/AskFoot.tsx";
import { AskText } from "../lib/ui/approval/AskText.tsx";
import { PlanDiff } from "../lib/ui/approval/PlanDiff.tsx";
import { PlanEditor } from "../lib/ui/approval/PlanEditor.tsx";
import { Subject } from "../lib/ui/approval/Subject.tsx";
import { buttonsOf } from "../lib/ui/approval/verbs.ts";

/** What the panel needs. `offline` switches answering off and keeps what was typed. */
export interface ApprovalPanelProps {
  approval: Approval;
  now: number;
  others: number;
  spent_usd: number;
  offline: boolean;
}

/** The panel of one pending approval. */
export default function ApprovalPanel(props: ApprovalPanelProps) {
  const { approval } = props;
  const state = useApproval(approval, props.offline);
  const buttons = () => buttonsOf(approval, state.changes.peek());
  useApprovalKeys(state, buttons, approval.approval_id);
  const { draft } = state;
  const plan = draft.value !== null && state.editable ? draft.value : null;
  const input = approval.approval_type === "input";
  const typed = input ? state.answer : state.feedback;
  return (
    <section class="pane approval" aria-label="Needs you" id="needs-you">
      <div class="ap-scroll-x">
        <AskHead approval={approval} now={props.now} others={props.others} spent_usd={props.spent_usd} />
        <div class={`ap-body${plan === null ? " one" : ""}`}>
          <div class="ap-col">
            {plan === null ? <Subject approval={approval} /> : (
              <PlanEditor
                draft={plan}
                editing={state.editing.value}
                locked={state.sending.value !== null}
                onDraft={(next) => draft.value = next}
                onEditing={(id) => state.editing.value = id}
              />
            )}
          </div>
          <div class="ap-col">
            {plan !== null && <PlanDiff draft={plan} />}
            <AskText answer={input} text={typed.value} onText={(text) => typed.value = text} />
          </div>
        </div>
      </div>
      <Foot {...props} state={state} />
    </section>
  );
}

const Foot = (props: ApprovalPanelProps & { state: ApprovalState }) => (
  <AskFoot
    buttons={buttonsOf(props.approval, props.state.changes.value)}
    sending={props.state.sending.value}
    invalid={props.state.invalid.value}
    problem={props.state.problem.value}
    offline={props.offline}
    onVerb={(verb) => void props.state.send(verb)}
  />
);
