// The state of a live list of sessions: rows as commits change them, more pages, selection by keys.
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Session } from "../protocol/rest.ts";
import { createApi } from "./api.ts";
import { type BulkState, useBulk } from "./bulk_state.ts";
import { clientClock } from "./clock.ts";
import { pageLine } from "./line.ts";
import { sessionNames } from "./needs.ts";
import { inOrder, type ListFilter, matches } from "./session_filter.ts";
import { afterFrame, type Changed, type Rows, withRows } from "./session_rows.ts";

/** What the server rendered. */
export interface ListStart {
  sessions: Session[];
  next_cursor: string | null;
  filter: ListFilter;
  now: number;
}
/** What the list shows and does. */
export interface ListState {
  shown: ReadonlySignal<Session[]>;
  /** Ids that came while the page was open. */
  fresh: Signal<ReadonlySet<string>>;
  cursor: Signal<string | null>;
  now: Signal<number>;
  selected: Signal<number>;
  bulk: BulkState;
  more(): Promise<void>;
}
/** Makes the state of a list. */
export function useSessionList(props: ListStart): ListState {
  const rows = useSignal<Rows>(new Map(props.sessions.map((session) => [session.session_id, session])));
  const fresh = useSignal<ReadonlySet<string>>(new Set());
  const cursor = useSignal(props.next_cursor);
  const now = useSignal(props.now);
  const selected = useSignal(-1);
  const shown = useComputed(() => [...rows.value.values()].filter((one) => matches(one, props.filter)).sort(inOrder));
  const bulk = useBulk(shown);
  useEffect(() => {
    const take = ({ rows: next, came }: Changed) => {
      rows.value = next;
      if (came.length > 0) fresh.value = new Set([...fresh.peek(), ...came]);
    };
    const leave = pageLine().subscribe("sessions", 0, { frame: (frame) => take(afterFrame(rows.peek(), frame)) });
    const tick = setInterval(() => now.value = clientClock.now(), 5000);
    now.value = clientClock.now();
    const keys = (event: KeyboardEvent) => select(event, shown.peek(), { selected, bulk });
    document.addEventListener("keydown", keys);
    const forget = rows.subscribe((known) => {
      sessionNames.value = new Map([...known.values()].map((one) => [one.session_id, one.name]));
    });
    return () => {
      leave();
      forget();
      clearInterval(tick);
      document.removeEventListener("keydown", keys);
    };
  }, []);
  const more = async () => {
    const { needs_you, ...filter } = props.filter;
    const api = createApi({ base: location.origin });
    const page = await api.sessions({
      ...filter,
      ...(needs_you ? { needs_you } : {}),
      ...(cursor.peek() === null ? {} : { cursor: cursor.peek() ?? "" }),
    });
    rows.value = withRows(rows.peek(), page.sessions).rows;
    cursor.value = page.next_cursor;
  };
  return { shown, fresh, cursor, now, selected, bulk, more };
}

/** `j` and `k` move the selection, Enter opens it, `x` chooses it; they rest in fields, and Enter where it presses. */
function select(
  event: KeyboardEvent,
  shown: readonly Session[],
  { selected, bulk }: { selected: Signal<number>; bulk: BulkState },
): void {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input:not([type=checkbox]), textarea, select, dialog")) return;
  if (event.key === "Enter" && target?.closest("input, a, button, summary")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") selected.value = Math.min(shown.length - 1, selected.value + 1);
  if (event.key === "k") selected.value = Math.max(0, selected.value - 1);
  const id = shown[selected.value]?.session_id;
  if (id === undefined) return;
  if (event.key === "x") bulk.toggle(id);
  if (event.key === "Enter") location.assign(`/sessions/${id}`);
  if (event.key === "j" || event.key === "k") {
    document.querySelector(`[data-session="${id}"]`)?.scrollIntoView({ block: "nearest" });
  }
}
