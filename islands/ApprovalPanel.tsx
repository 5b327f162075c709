// One approval to answer: what is asked, the subject (a plan can be edited), feedback, and the verbs that it allows.
//
// States: pending, edited (the button counts changes), invalid (names the step), sending, answered by another (edits
// are kept and said so), expired. Keys: a approve, r reject, e edit, Ctrl+Enter sends the first answer.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Verb } from "../lib/model/approval.ts";
import type { Json } from "../lib/model/json.ts";
import type { Approval } from "../lib/protocol/rest.ts";
import { ClientError, createApi } from "../lib/client/api.ts";
import { AskHead } from "../lib/ui/approval/AskHead.tsx";
import { PlanDiff } from "../lib/ui/approval/PlanDiff.tsx";
import { PlanEditor } from "../lib/ui/approval/PlanEditor.tsx";
import { changesOf, complaintOf, draftOf } from "../lib/ui/approval/plan_edit.ts";
import { Subject } from "../lib/ui/approval/Subject.tsx";
import { buttonsOf } from "../lib/ui/approval/verbs.ts";
import { Icon } from "../lib/ui/Icon.tsx";

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
  const draft = useSignal(draftOf(approval.context));
  const editing = useSignal<string | null>(null);
  const feedback = useSignal("");
  const answer = useSignal("");
  const sending = useSignal<Verb | null>(null);
  const problem = useSignal<string | null>(null);
  const editable = approval.modifications_schema !== undefined && approval.allowed.includes("modified");
  const changes = useComputed(() => draft.value === null || !editable ? 0 : changesOf(draft.value).total);
  const invalid = useComputed(() => changes.value === 0 || draft.value === null ? null : complaintOf(draft.value));

  const send = async (verb: Verb) => {
    if (sending.peek() !== null || props.offline) return;
    if (verb === "answered" && answer.peek().trim() === "") {
      problem.value = "Type an answer first.";
      return;
    }
    sending.value = verb;
    problem.value = null;
    try {
      const modifications: Json | undefined = verb === "answered"
        ? { answer: answer.peek() }
        : verb === "modified" && draft.peek() !== null
        ? { steps: (draft.peek()?.steps ?? []).map((step) => ({ ...step })) as Json[] }
        : undefined;
      await createApi({ base: location.origin }).resolve(approval.approval_id, {
        resolution: verb,
        ...(feedback.peek().trim() === "" ? {} : { feedback: feedback.peek().trim() }),
        ...(modifications === undefined ? {} : { modifications }),
      });
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      sending.value = null;
      problem.value = error.code === "unreachable"
        ? "Not connected. Your answer is kept here; send it when the line is back."
        : said(error);
    }
  };
  useEffect(() => {
    const keys = (event: KeyboardEvent) => {
      const target = event.target instanceof Element ? event.target : null;
      const typing = target?.closest("input, textarea, select") !== null && target !== null;
      const buttons = buttonsOf(approval, changes.peek());
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && buttons[0] && invalid.peek() === null) {
        void send(buttons[0].verb);
      }
      if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
      const button = buttons.find((one) => one.key === event.key);
      if (button !== undefined && invalid.peek() === null) void send(button.verb);
      if (event.key === "e" && editable) editing.value = draft.peek()?.steps[0]?.id ?? null;
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, [approval.approval_id]);

  return (
    <section class="pane approval" aria-label="Needs you" id="needs-you">
      <div class="ap-scroll-x">
        <AskHead approval={approval} now={props.now} others={props.others} spent_usd={props.spent_usd} />
        <div class={`ap-body${draft.value === null ? " one" : ""}`}>
          <div class="ap-col">
            {draft.value !== null && editable
              ? (
                <PlanEditor
                  draft={draft.value}
                  editing={editing.value}
                  locked={sending.value !== null}
                  onDraft={(next) => draft.value = next}
                  onEditing={(id) => editing.value = id}
                />
              )
              : <Subject approval={approval} />}
          </div>
          <div class="ap-col">
            {draft.value !== null && editable && <PlanDiff draft={draft.value} />}
            {approval.approval_type === "input"
              ? (
                <label class="stack-x">
                  <span class="lbl lbl-x">Your answer</span>
                  <textarea
                    class="ta"
                    rows={4}
                    value={answer.value}
                    onInput={(event) => answer.value = event.currentTarget.value}
                  />
                </label>
              )
              : (
                <label class="stack-x">
                  <span class="lbl lbl-x">
                    Feedback <span class="faint" style="font-weight:400">optional, kept in the log</span>
                  </span>
                  <textarea
                    class="ta"
                    rows={3}
                    value={feedback.value}
                    onInput={(event) => feedback.value = event.currentTarget.value}
                  />
                </label>
              )}
          </div>
        </div>
      </div>
      <div class="ap-foot">
        {buttonsOf(approval, changes.value).map((button) => (
          <button
            key={button.verb}
            type="button"
            class={`btn btn-${button.tone}`}
            style="height:40px"
            disabled={sending.value !== null || props.offline || (button.verb === "modified" && invalid.value !== null)}
            onClick={() => send(button.verb)}
          >
            {sending.value === button.verb ? "Sending" : button.word}
            {button.key !== undefined && <kbd class="k">{button.key}</kbd>}
          </button>
        ))}
        {(problem.value ?? invalid.value) !== null && (
          <span class="meta row bad-text" role="alert" style="margin:0 0 0 8px">
            <Icon name="triangle-alert" size={14} />
            {problem.value ?? invalid.value}
          </span>
        )}
        {props.offline && <span class="meta">Not connected: your answer waits until the line is back.</span>}
      </div>
    </section>
  );
}

/** A refusal in words: who was first, or what does not fit. */
function said(error: ClientError): string {
  const current = error.problem?.current;
  if (error.status === 409 && current !== null && typeof current === "object" && !Array.isArray(current)) {
    const by = current?.["resolved_by"];
    const name = by !== null && typeof by === "object" && !Array.isArray(by) ? by?.["name"] : by;
    return `Answered already${name ? ` by ${name}` : ""}: ${
      current?.["resolution"] ?? current?.["status"]
    }. What you typed is kept here.`;
  }
  const errors = (error.problem?.errors ?? []).map((one) => `${one.path}: ${one.message}`);
  return errors.length > 0 ? errors.join("; ") : error.message;
}
