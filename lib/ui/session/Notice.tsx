// One line above the views that says what has happened; it stays until it is closed.
import { Icon } from "../Icon.tsx";

/** The line; `bad` where something did not work. */
export function Notice(props: { text: string; bad?: boolean; onClose: () => void }) {
  return (
    <p class={`banner${props.bad ? " off" : ""}`} role={props.bad ? "alert" : "status"}>
      <Icon name={props.bad ? "triangle-alert" : "info"} size={14} />
      <span>{props.text}</span>
      <button type="button" class="btn btn-xs btn-quiet btn-sq sp" aria-label="Close" onClick={props.onClose}>
        <Icon name="x" size={14} />
      </button>
    </p>
  );
}
