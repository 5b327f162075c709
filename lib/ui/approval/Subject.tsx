// What an approval is about when it is not a plan to edit: a question, a step, an error, arguments.
import type { Approval } from "../../protocol/rest.ts";
import type { Json } from "../../model/json.ts";
import { gateFields } from "../../client/gate_words.ts";

const text = (value: Json | undefined): string | null => typeof value === "string" && value !== "" ? value : null;
/** Fields that are shown as prose, in this order, before the rest. */
const PROSE = ["question", "title", "why", "reason", "description", "error", "message", "code"];

/** Tells whether the head says all of it already. */
export function isSaidByHead({ context, action, description }: Approval): boolean {
  return context === null || context === undefined || context === action || context === description;
}

function Fields(props: { fields: readonly [string, string][] }) {
  return (
    <dl class="kv">
      {props.fields.map(([label, value]) => (
        <div key={label} style="display:contents">
          <dt>{label}</dt>
          <dd class="mono wrap-x">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** The subject as prose where it has any, and as data below. */
export function Subject(props: { approval: Approval }) {
  const value = props.approval.context;
  const fields = gateFields(props.approval);
  if (fields !== null) return <Fields fields={fields} />;
  if (isSaidByHead(props.approval) || value === null) return <p class="meta">Nothing more is said about it.</p>;
  if (typeof value !== "object") return <p class="pre">{`${value}`}</p>;
  if (Array.isArray(value)) return <pre class="code">{JSON.stringify(value, null, 2)}</pre>;
  const prose = PROSE.flatMap((key) => {
    const said = text(value[key]);
    return said === null || said === props.approval.action || said === props.approval.description
      ? []
      : [{ key, said }];
  });
  const rest = Object.entries(value).filter(([key]) => !PROSE.includes(key));
  return (
    <div>
      {prose.map(({ key, said }) => (
        <div class="q" key={key}>
          <h3>{key.charAt(0).toUpperCase() + key.slice(1)}</h3>
          {key === "code" || key === "error" ? <pre class="code">{said}</pre> : <p class="dense pre">{said}</p>}
        </div>
      ))}
      {rest.length > 0 && (
        <dl class="kv">
          {rest.map(([key, one]) => (
            <div key={key} style="display:contents">
              <dt>{key}</dt>
              <dd class={typeof one === "string" ? "" : "mono"}>
                {typeof one === "string" ? one : JSON.stringify(one)}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}
