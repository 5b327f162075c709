// The options of a mode, made from its config schema; those that most people never touch stand behind "more".
import type { Field } from "../client/schema_form.ts";
import { Icon } from "./Icon.tsx";
import { SchemaField } from "./SchemaField.tsx";
import { modeLook } from "./words.ts";

/** The options with their texts. */
export function TaskOptions(props: {
  fields: Field[];
  texts: Readonly<Record<string, string>>;
  errors: Readonly<Record<string, string>>;
  mode: string;
  onText?: (path: string, text: string) => void;
  onReset?: () => void;
}) {
  const { fields, texts, errors } = props;
  const show = (field: Field) => {
    const error = errors[field.path];
    return (
      <SchemaField
        key={field.path}
        field={field}
        text={texts[field.path] ?? ""}
        onText={(text) => props.onText?.(field.path, text)}
        {...(error === undefined ? {} : { error })}
      />
    );
  };
  const first = fields.filter((field) => !field.more);
  const more = fields.filter((field) => field.more);
  if (fields.length === 0) return null;
  return (
    <section>
      <div class="row" style="margin:22px 0 10px">
        <h2 class="lbl lbl-x">Options</h2>
        <span class="meta">of {modeLook(props.mode).label}</span>
        {Object.values(texts).some((text) => text !== "") && (
          <button type="button" class="btn btn-xs btn-quiet sp" onClick={props.onReset}>Reset to defaults</button>
        )}
      </div>
      <div class="form">{first.map(show)}</div>
      {more.length > 0 && (
        <details class="more" open={more.some((field) => errors[field.path] !== undefined)}>
          <summary class="btn btn-xs btn-quiet">
            <Icon name="chevron-right" size={14} />
            {more.length} more {more.length === 1 ? "option" : "options"}
          </summary>
          <div class="form">{more.map(show)}</div>
        </details>
      )}
    </section>
  );
}
