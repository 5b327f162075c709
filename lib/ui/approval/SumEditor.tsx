// The new limit of a budget: what it is now, and a field for another sum than the one that is proposed.
import { isOtherSum, type SumEdit, sumWords } from "../../client/sum_edit.ts";
import { Icon } from "../Icon.tsx";

/** The field; its bounds stand below it. */
export function SumEditor(
  props: { edit: SumEdit; text: string; wrong: boolean; locked: boolean; onText: (text: string) => void },
) {
  const { edit: { unit, limit, proposed, least, most }, text } = props;
  const changed = isOtherSum(props.edit, text);
  return (
    <div class="sum-x">
      <dl class="kv">
        <dt>Limit now</dt>
        <dd class="mono">{sumWords(unit, limit)}</dd>
      </dl>
      <label class="lbl lbl-x" for="new-limit">
        New limit
        {changed && (
          <span class="chg mod" style="margin-left:6px">
            <Icon name="pencil" size={12} />changed
          </span>
        )}
      </label>
      <div class="row">
        <span class="field sum-f">
          {unit === "usd" && <span class="faint" aria-hidden="true">$</span>}
          <input
            id="new-limit"
            type="text"
            inputMode={unit === "usd" ? "decimal" : "numeric"}
            autocomplete="off"
            value={text}
            disabled={props.locked}
            aria-invalid={props.wrong}
            aria-describedby="new-limit-bounds"
            onInput={(event) => props.onText(event.currentTarget.value)}
          />
          {unit === "tokens" && <span class="faint" aria-hidden="true">tokens</span>}
        </span>
        {changed && !props.locked && (
          <button
            type="button"
            class="btn btn-quiet"
            onClick={() => props.onText(`${proposed}`)}
          >
            <Icon name="undo-2" size={14} />Back to {sumWords(unit, proposed)}
          </button>
        )}
      </div>
      <p class="meta" id="new-limit-bounds">
        At least {sumWords(unit, least)}, so that the next call can begin; at most {sumWords(unit, most)}.
      </p>
    </div>
  );
}
