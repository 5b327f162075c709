// The bar over a list of which rows are chosen: how many, and what can be done to them.
import type { BulkAction } from "../client/api.ts";
import { Icon } from "./Icon.tsx";
import type { IconName } from "./icon_paths.ts";

const VERBS: readonly { action: BulkAction; word: string; doing: string; icon: IconName }[] = [
  { action: "suspend", word: "Suspend", doing: "Suspending", icon: "moon" },
  { action: "resume", word: "Resume", doing: "Resuming", icon: "circle-play" },
  { action: "cancel", word: "Cancel…", doing: "Cancelling", icon: "circle-slash" },
  { action: "delete", word: "Delete…", doing: "Deleting", icon: "trash-2" },
];

/** The bar; absent while nothing is chosen. */
export function BulkBar(
  props: { count: number; doing: BulkAction | null; onAct: (action: BulkAction) => void; onNone: () => void },
) {
  if (props.count === 0) return null;
  return (
    <div class="bulk-at">
      <div class="bulk" role="toolbar" aria-label="Chosen sessions">
        <b class="num">{props.count} chosen</b>
        {VERBS.map(({ action, word, doing, icon }) => (
          <button
            key={action}
            type="button"
            class="row"
            disabled={props.doing !== null}
            onClick={() => props.onAct(action)}
          >
            <Icon name={icon} size={14} />
            {props.doing === action ? doing : word}
          </button>
        ))}
        <button type="button" class="row" aria-label="Choose none" onClick={props.onNone}>
          <Icon name="x" size={14} />
        </button>
      </div>
    </div>
  );
}
