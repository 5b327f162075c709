// The arguments of a tool's call as fields to change before it is approved.
import { type ArgsDraft, changedArgs, editArg } from "../../client/args_edit.ts";
import { Icon } from "../Icon.tsx";

/** Characters past which a text has a field of several lines. */
const LONG = 80;
/** What people call the arguments of the host's tools. */
const LABELS: Readonly<Record<string, string>> = {
  url: "Address",
  method: "Method",
  headers: "Headers",
  body: "Data that is sent",
  save_as: "Saved as",
  path: "File",
  content: "Content",
  max_bytes: "At most, bytes",
};

/** The editor of a call's arguments. */
export function ArgsEditor(
  props: { tool: string; draft: ArgsDraft; locked: boolean; onDraft: (draft: ArgsDraft) => void },
) {
  const { draft, onDraft } = props;
  const changes = changedArgs(draft);
  const reset = () => onDraft({ fields: draft.fields.map((field) => ({ ...field, value: field.original })) });
  return (
    <div>
      <div class="row" style="margin-bottom:8px">
        <h3 style="font-size:.875rem">What it is called with</h3>
        <span class="meta mono">{props.tool}</span>
        {changes > 0 && (
          <button type="button" class="btn btn-xs btn-quiet sp" onClick={reset}>
            <Icon name="undo-2" size={14} />Undo all
          </button>
        )}
      </div>
      <div class="args-x">
        {draft.fields.map((field) => (
          <label key={field.name} class="stack-x">
            <span class="lbl lbl-x">
              {LABELS[field.name] ?? field.name}
              {field.value !== field.original && (
                <span class="chg mod" style="margin-left:6px">
                  <Icon name="pencil" size={12} />changed
                </span>
              )}
            </span>
            {field.value.length > LONG || field.value.includes("\n") || field.name === "content" ||
                field.name === "body"
              ? (
                <textarea
                  class="ta mono"
                  rows={5}
                  value={field.value}
                  disabled={props.locked}
                  onInput={(event) => onDraft(editArg(draft, field.name, event.currentTarget.value))}
                />
              )
              : (
                <input
                  class="field mono"
                  type="text"
                  value={field.value}
                  placeholder={field.required ? "" : "not given"}
                  disabled={props.locked}
                  onInput={(event) => onDraft(editArg(draft, field.name, event.currentTarget.value))}
                />
              )}
          </label>
        ))}
      </div>
    </div>
  );
}
