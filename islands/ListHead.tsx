// What stands above the list of sessions, live: what needs the person, the search, the filters with their counts.
import { useComputed } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { sessionNames, useNeeds } from "../lib/client/needs.ts";
import { pulseNow } from "../lib/client/pulse.ts";
import type { ListFilter } from "../lib/client/session_filter.ts";
import type { Approval, Pulse } from "../lib/protocol/rest.ts";
import { Icon } from "../lib/ui/Icon.tsx";
import { ListChips } from "../lib/ui/ListChips.tsx";
import { NeedsStrip } from "../lib/ui/NeedsStrip.tsx";

/** The head; begins with what the server rendered. */
export default function ListHead(
  props: {
    approvals: Approval[];
    total: number;
    names: Record<string, string>;
    filter: ListFilter;
    pulse: Pulse;
    now: number;
  },
) {
  const { filter } = props;
  const needs = useNeeds(props);
  const pulse = useComputed(() => pulseNow.value ?? props.pulse);
  const nameOf = (id: string) => sessionNames.value.get(id) ?? props.names[id] ?? null;
  const { needs_you } = pulse.value;
  useEffect(() => {
    document.title = `${needs_you > 0 ? `(${needs_you}) ` : ""}Sessions · Holdfast`;
  }, [needs_you]);
  const plain = Object.keys(filter).length === 0;
  if (plain && Object.values(pulse.value.by_status).every((count) => count === 0)) {
    return <h1 class="sr-only">Sessions</h1>;
  }
  return (
    <>
      <NeedsStrip approvals={needs.value.shown} total={needs.value.total} nameOf={nameOf} now={props.now} />
      <div class="filters">
        <h1 class="title h-l">Sessions</h1>
        <form class="field search" role="search" action="/" method="get">
          {filter.status !== undefined && <input type="hidden" name="status" value={filter.status} />}
          {filter.needs_you && <input type="hidden" name="needs_you" value="true" />}
          <Icon name="search" size={14} />
          <input
            type="search"
            name="q"
            value={filter.q ?? ""}
            placeholder="Search names and tasks"
            aria-label="Search names and tasks"
          />
          <span class="only-l sp">
            <kbd class="k">/</kbd>
          </span>
        </form>
        <ListChips filter={filter} pulse={pulse.value} />
      </div>
    </>
  );
}
