// One field of a form made from JSON Schema: label, default, control, help or complaint.
import { Icon } from "./Icon.tsx";
import { complaint, type Field } from "../client/schema_form.ts";

/** A field with its text. `onText` is absent in the server's own form. */
export function SchemaField(props: { field: Field; text: string; onText?: (text: string) => void; error?: string }) {
  const { field, text } = props;
  const wrong = props.error ?? complaint(field, text);
  const id = `f-${field.path.replace(".", "-")}`;
  const changed = text !== "" && text !== `${field.fallback ?? ""}`;
  return (
    <div class={`fld${wrong ? " bad" : ""}`}>
      <label class="lbl" for={id}>
        {field.label}
        <span class="def">{changed ? <Back field={field} onText={props.onText} /> : "default"}</span>
      </label>
      <Control {...props} id={id} wrong={wrong !== null} />
      {wrong
        ? (
          <div class="help" id={`${id}-help`} role="alert">
            <Icon name="triangle-alert" size={12} />
            {wrong}
          </div>
        )
        : field.help && <div class="help" id={`${id}-help`}>{field.help}</div>}
    </div>
  );
}

function Back(props: { field: Field; onText: ((text: string) => void) | undefined }) {
  const fallback = `${props.field.fallback ?? ""}`;
  if (props.onText === undefined) return null;
  return (
    <button type="button" class="lnk" onClick={() => props.onText?.(fallback)}>
      Back to {fallback === "" ? "none" : fallback}
    </button>
  );
}

function Control(props: { field: Field; text: string; onText?: (text: string) => void; id: string; wrong: boolean }) {
  const { field, text, id } = props;
  const say = (event: Event) => {
    const target = event.currentTarget;
    if (
      target instanceof HTMLInputElement || target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement
    ) {
      props.onText?.(
        target instanceof HTMLInputElement && target.type === "checkbox" ? `${target.checked}` : target.value,
      );
    }
  };
  const common = {
    id,
    name: field.path,
    class: "field",
    "aria-invalid": props.wrong,
    "aria-describedby": `${id}-help`,
  };
  switch (field.kind) {
    case "choice":
      return (
        <select {...common} onChange={say} value={text || `${field.fallback ?? ""}`}>
          {field.options.map((one) => (
            <option key={one.value} value={one.value} selected={one.value === (text || `${field.fallback ?? ""}`)}>
              {one.label}
            </option>
          ))}
        </select>
      );
    case "switch":
      // Without JavaScript a switch that is off posts nothing: the hidden field then says so.
      return (
        <>
          <input type="hidden" name={field.path} value="false" />
          <input
            {...common}
            class="toggle"
            type="checkbox"
            checked={(text || `${field.fallback}`) === "true"}
            onChange={say}
          />
        </>
      );
    case "lines":
      return <textarea {...common} rows={2} value={text} onInput={say} placeholder="one a line" />;
    case "integer":
    case "number": {
      const step = field.kind === "integer" ? 1 : "any";
      const placeholder = `${field.fallback ?? "no limit"}`;
      return <input {...common} type="number" step={step} value={text} placeholder={placeholder} onInput={say} />;
    }
    case "text":
      return <input {...common} type="text" value={text} placeholder={`${field.fallback ?? ""}`} onInput={say} />;
    default:
      return field.kind satisfies never;
  }
}
