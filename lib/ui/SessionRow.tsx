// One session in a list: status, name with what it waits for, progress, mode, cost, owner, age.
import type { Session } from "../protocol/rest.ts";
import { Icon } from "./Icon.tsx";
import { Avatar, CostText, ModeTag, ProgressBar, StatusBadge } from "./Status.tsx";
import { age, lookOf, money, reasonOf } from "./words.ts";

/** A row of the list; `fresh` marks one that just came. */
export function SessionRow(
  props: {
    session: Session;
    now: number;
    selected?: boolean;
    fresh?: boolean;
    chosen: boolean;
    onChoose: () => void;
  },
) {
  const { session, now } = props;
  const look = lookOf(session);
  const tone = look === "needs" ? " needs" : look === "failed" ? " bad" : "";
  return (
    <div class={`sr${props.selected ? " on" : ""}${props.fresh ? " fresh" : ""}`} data-session={session.session_id}>
      <span class="c-cb">
        <input type="checkbox" checked={props.chosen} aria-label={`Choose ${session.name}`} onChange={props.onChoose} />
      </span>
      <span class="c-st">
        <StatusBadge look={look} />
      </span>
      <div class="c-nm grow">
        <a class="nm" href={`/sessions/${session.session_id}`}>
          <span class="t" dir="auto" title={session.name}>{session.name}</span>
          {session.pinned && (
            <span class="pin" title="Pinned">
              <Icon name="pin" size={12} label="Pinned" />
            </span>
          )}
        </a>
        <div class={`rs t${tone}`} title={reasonOf(session, now)}>{reasonOf(session, now)}</div>
        <div class="row only-s meta" style="margin-top:5px;gap:12px">
          <ModeTag mode={session.mode} />
          <span class="num">{money(session.cost.usd)}</span>
        </div>
      </div>
      <span class="c-prog">
        <ProgressBar progress={session.progress} look={look} />
      </span>
      <span class="c-mode">
        <ModeTag mode={session.mode} />
      </span>
      <span class="c-cost r">
        <CostText cost={session.cost} />
      </span>
      <span class="c-own">
        <Avatar name={session.owner.name} />
      </span>
      <time class="c-age r meta num" dateTime={session.last_active_at} title={session.last_active_at}>
        {age(now - Date.parse(session.last_active_at))}
      </time>
    </div>
  );
}
