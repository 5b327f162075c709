// The plan as a list to change: edit in place, move by drag or Alt with the arrows, add, remove, put back.
import type { PlanStep } from "../../model/plan.ts";
import { Icon } from "../Icon.tsx";
import { Prose } from "../session/Prose.tsx";
import {
  addStep,
  changesOf,
  editStep,
  moveStep,
  moveTo,
  type PlanChanges,
  type PlanDraft,
  putBack,
  removeStep,
} from "../../client/plan_edit.ts";

/** The editor; `editing` is the id of the step whose fields are open. */
export function PlanEditor(props: {
  draft: PlanDraft;
  editing: string | null;
  onDraft: (draft: PlanDraft) => void;
  onEditing: (id: string | null) => void;
  locked: boolean;
}) {
  const { draft, onDraft } = props;
  const changes = changesOf(draft);
  const add = () => {
    const next = addStep(draft);
    onDraft(next);
    props.onEditing(next.steps.at(-1)?.id ?? null);
  };
  return (
    <div>
      <div class="row" style="margin-bottom:4px">
        <h3 style="font-size:.875rem">Plan</h3>
        <span class="meta num">{draft.steps.length} {draft.steps.length === 1 ? "step" : "steps"}</span>
        <span class="sp row" style="gap:4px">
          {changes.total > 0 && (
            <button
              type="button"
              class="btn btn-xs btn-quiet"
              onClick={() => onDraft({ ...draft, steps: draft.original })}
            >
              <Icon name="undo-2" size={14} />Undo all
            </button>
          )}
          <button type="button" class="btn btn-xs btn-line" onClick={add} disabled={props.locked}>
            <Icon name="plus" size={14} />Add step
          </button>
        </span>
      </div>
      <ol class="plan-x">
        {draft.steps.map((step, i) => <Step key={step.id} step={step} at={i} changes={changes} {...props} />)}
      </ol>
      {changes.removed.map((step) => (
        <div class="row meta removed" key={step.id}>
          <span class="chg del">
            <Icon name="trash-2" size={12} />removed
          </span>
          <span style="text-decoration:line-through">{step.title}</span>
          <button type="button" class="lnk" onClick={() => onDraft(putBack(draft, step.id))}>Put back</button>
        </div>
      ))}
    </div>
  );
}

function Step(props: {
  step: PlanStep;
  at: number;
  changes: PlanChanges;
  draft: PlanDraft;
  editing: string | null;
  onDraft: (draft: PlanDraft) => void;
  onEditing: (id: string | null) => void;
  locked: boolean;
}) {
  const { step, at, draft, onDraft, locked } = props;
  const open = props.editing === step.id;
  const keys = (event: KeyboardEvent) => {
    if (!event.altKey || (event.key !== "ArrowUp" && event.key !== "ArrowDown") || locked) return;
    event.preventDefault();
    onDraft(moveStep(draft, step.id, event.key === "ArrowUp" ? -1 : 1));
  };
  return (
    <li
      class={`pstep${open ? " edit" : ""}`}
      onKeyDown={keys}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        const id = event.dataTransfer?.getData("text/holdfast-step");
        if (id) onDraft(moveTo(draft, id, at));
      }}
    >
      <button
        type="button"
        class="gr"
        draggable={!locked}
        aria-label={`Move step ${at + 1}: Alt with the arrows`}
        onDragStart={(event) => event.dataTransfer?.setData("text/holdfast-step", step.id)}
      >
        <Icon name="grip-vertical" size={14} />
      </button>
      <span class="no">{at + 1}</span>
      <div>
        {open
          ? <Fields step={step} draft={draft} onDraft={onDraft} onDone={() => props.onEditing(null)} />
          : <Shown {...props} />}
      </div>
      <StepButtons {...props} open={open} />
    </li>
  );
}

function StepButtons(props: {
  step: PlanStep;
  at: number;
  open: boolean;
  draft: PlanDraft;
  onDraft: (draft: PlanDraft) => void;
  onEditing: (id: string | null) => void;
  locked: boolean;
}) {
  const { step, at, open, draft, onDraft, locked } = props;
  return (
    <span class="row" style="gap:0">
      <button
        type="button"
        class="btn btn-xs btn-quiet btn-sq"
        aria-label={open ? `Done with step ${at + 1}` : `Edit step ${at + 1}`}
        aria-expanded={open}
        disabled={locked}
        onClick={() => props.onEditing(open ? null : step.id)}
      >
        <Icon name={open ? "check" : "pencil"} size={14} />
      </button>
      <button
        type="button"
        class="btn btn-xs btn-quiet btn-sq"
        aria-label={`Remove step ${at + 1}`}
        disabled={locked}
        onClick={() => onDraft(removeStep(draft, step.id))}
      >
        <Icon name="trash-2" size={14} />
      </button>
    </span>
  );
}

function Shown(props: { step: PlanStep; changes: PlanChanges }) {
  const { step, changes } = props;
  const from = changes.moved.get(step.id);
  return (
    <>
      <div class="row wrap" style="gap:4px 8px">
        <span class="h">{step.title || "Untitled"}</span>
        {changes.changed.includes(step.id) && (
          <span class="chg mod">
            <Icon name="pencil" size={12} />changed
          </span>
        )}
        {from !== undefined && (
          <span class="chg mod">
            <Icon name="arrow-up" size={12} />moved from {from}
          </span>
        )}
        {changes.added.includes(step.id) && (
          <span class="chg add">
            <Icon name="plus" size={12} />added
          </span>
        )}
      </div>
      {step.description !== "" && (
        <div class="d">
          <Prose text={step.description} />
        </div>
      )}
      <div class="who">
        <span>
          <Icon name={step.agent === "engineer" ? "code" : "quote"} size={12} />
          {step.agent}
        </span>
        {step.asks && (
          <span class="asks">
            <Icon name="hand" size={12} />asks you first
          </span>
        )}
      </div>
    </>
  );
}

function Fields(props: { step: PlanStep; draft: PlanDraft; onDraft: (draft: PlanDraft) => void; onDone: () => void }) {
  const { step, draft, onDraft } = props;
  const set = (patch: Partial<Omit<PlanStep, "id">>) => onDraft(editStep(draft, step.id, patch));
  return (
    <div class="fields-x" onKeyDown={(event) => event.key === "Escape" && props.onDone()}>
      <label>
        <span class="sr-only">Title</span>
        <input
          class="field"
          type="text"
          maxLength={200}
          value={step.title}
          placeholder="What it does"
          ref={focusOnce}
          onInput={(event) => set({ title: event.currentTarget.value })}
        />
      </label>
      <label>
        <span class="sr-only">Description</span>
        <textarea
          class="ta"
          rows={3}
          value={step.description}
          placeholder="How, and what it leaves"
          onInput={(event) => set({ description: event.currentTarget.value })}
        />
      </label>
      <label class="row meta">
        Done by
        <select
          class="field"
          style="width:auto"
          value={step.agent}
          onChange={(event) => set({ agent: event.currentTarget.value === "engineer" ? "engineer" : "researcher" })}
        >
          <option value="engineer">engineer</option>
          <option value="researcher">researcher</option>
        </select>
      </label>
    </div>
  );
}

/** Gives the focus to a field that has just come. */
function focusOnce(element: HTMLInputElement | null): void {
  if (element !== null && element.dataset["focused"] === undefined) {
    element.dataset["focused"] = "";
    element.focus();
  }
}
