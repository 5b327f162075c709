// The fixed foot of an approval: the verbs that it allows as buttons, and what went wrong.
import type { Verb } from "../../model/approval.ts";
import { Icon } from "../Icon.tsx";
import type { VerbButton } from "./verbs.ts";

/** The foot. */
export function AskFoot(props: {
  buttons: VerbButton[];
  sending: Verb | null;
  invalid: string | null;
  problem: string | null;
  offline: boolean;
  /** How it ended elsewhere; then there is nothing left to answer. */
  ended: string | null;
  onVerb: (verb: Verb) => void;
  onClose: () => void;
}) {
  if (props.ended !== null && props.sending === null) {
    return (
      <div class="ap-foot">
        <span class="dense row" role="alert">
          <Icon name="info" size={14} />
          <span>
            {props.problem ?? `${props.ended}. What you typed was not sent; it is kept here until you close this.`}
          </span>
        </span>
        <button type="button" class="btn btn-line sp" onClick={props.onClose}>Close</button>
      </div>
    );
  }
  const wrong = props.problem ?? props.invalid;
  const off = (button: VerbButton) =>
    props.sending !== null || props.offline || (button.edited === true && props.invalid !== null);
  return (
    <div class="ap-foot">
      {props.buttons.map((button) => (
        <button
          key={button.verb}
          type="button"
          class={`btn btn-${button.tone}`}
          title={button.does}
          disabled={off(button)}
          onClick={() => props.onVerb(button.verb)}
        >
          {props.sending === button.verb ? "Sending" : button.word}
          {button.key !== undefined && <kbd class="k">{button.key}</kbd>}
        </button>
      ))}
      {wrong !== null && (
        <span class="meta row bad-text" role="alert" style="margin:0 0 0 8px">
          <Icon name="triangle-alert" size={14} />
          {wrong}
        </span>
      )}
      {props.offline && <span class="meta">Not connected: your answer waits until the line is back.</span>}
    </div>
  );
}
