// What a session was allowed and refused for good, by whom and since when; nothing of it is asked again until it is
// taken back.
import type { GrantView } from "../../engine/view/types.ts";
import { Icon } from "../Icon.tsx";
import type { IconName } from "../icon_paths.ts";
import { moment } from "../words.ts";

const ICONS: Readonly<Record<string, IconName>> = { net: "globe", read: "folder", call: "wrench", budget: "coins" };

/** The list of standing answers; each can be taken back. */
export function RightsList(
  props: {
    grants: readonly GrantView[];
    /** The one that is being taken back. */
    taking: string | null;
    offline: boolean;
    onTakeBack: (approval_id: string) => void;
  },
) {
  const { grants } = props;
  return (
    <div class="rights">
      <p class="meta">
        {grants.length === 0
          ? "No answer holds for this whole session: each question is asked."
          : "Answers that hold for this whole session, also in later runs. Taken back, the next step that wants it asks " +
            "again; one that is at work keeps what it began with."}
      </p>
      <ul>
        {grants.map((grant) => (
          <Row
            key={grant.approval_id ?? `${grant.kind} ${grant.what}`}
            grant={grant}
            {...props}
          />
        ))}
      </ul>
    </div>
  );
}

function Row(
  props: {
    grant: GrantView;
    taking: string | null;
    offline: boolean;
    onTakeBack: (approval_id: string) => void;
  },
) {
  const { grant: { kind, what, text, allowed, by, at, approval_id }, taking, offline } = props;
  return (
    <li>
      <Icon name={ICONS[kind] ?? "lock"} />
      <div class="what">
        <span class="name wrap-x" title={kind === "call" ? "" : what}>{text}</span>
        <span class="meta">
          <span class={`row ${allowed ? "yes" : "no"}`}>
            <Icon name={allowed ? "circle-check" : "circle-slash"} size={14} />
            {allowed ? "Allowed" : "Never"}
          </span>
          by {by}, <time dateTime={at} title={at}>{moment(at)}</time>
        </span>
      </div>
      {approval_id !== null && (
        <button
          type="button"
          class="btn btn-line"
          aria-label={`Take back: ${text}`}
          title={offline ? "Not connected" : "The next step that wants it asks again"}
          disabled={offline || taking !== null}
          onClick={() => props.onTakeBack(approval_id)}
        >
          {taking === approval_id ? "Taking back" : "Take back"}
        </button>
      )}
    </li>
  );
}
