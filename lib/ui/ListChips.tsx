// The filters of the list as chips with their counts: links, so that they are addresses and work without JavaScript.
import { type ListFilter, listHref } from "../client/session_filter.ts";
import type { Pulse } from "../protocol/rest.ts";
import { Icon } from "./Icon.tsx";
import { LOOKS } from "./words.ts";

function Chip(
  props: { to: ListFilter; on: boolean; look?: keyof typeof LOOKS; word: string; count: number | undefined },
) {
  // Amber means that something needs the person: an empty filter has no part in that.
  const tone = props.look === undefined || (props.look === "needs" && !props.count) ? "" : ` st-${props.look}`;
  return (
    <a
      class={`chip${tone}`}
      href={listHref(props.to)}
      {...(props.on ? { "aria-current": "true" as const } : {})}
    >
      {props.look !== undefined && <Icon name={LOOKS[props.look].icon} />}
      {props.word} {props.count !== undefined && <b>{props.count}</b>}
    </a>
  );
}

/** The chips. */
export function ListChips(props: { filter: ListFilter; pulse: Pulse }) {
  const { filter, pulse } = props;
  const counts = pulse.by_status;
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
  const keep = filter.q === undefined ? {} : { q: filter.q };
  const plain = filter.status === undefined && !filter.needs_you;
  return (
    <nav class="chips" aria-label="Filter">
      <Chip to={keep} on={plain} word="All" count={all} />
      <Chip
        to={{ ...keep, needs_you: true }}
        on={filter.needs_you === true}
        look="needs"
        word="Needs you"
        count={pulse.needs_you}
      />
      {(["active", "suspended", "completed", "failed", "expired"] as const).map((status) => (
        <Chip
          key={status}
          to={{ ...keep, status }}
          on={filter.status === status}
          look={status === "active" ? "running" : status}
          word={status === "active" ? "Active" : LOOKS[status].word}
          count={counts[status]}
        />
      ))}
    </nav>
  );
}
