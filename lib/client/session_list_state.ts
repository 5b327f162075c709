// The state of a live list of sessions: rows as commits change them, more pages, selection by keys.
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Session } from "../protocol/rest.ts";
import { createApi } from "./api.ts";
import { clientClock } from "./clock.ts";
import { pageLine } from "./line.ts";
import { inOrder, type ListFilter, matches } from "./session_filter.ts";

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
  more(): Promise<void>;
}
type Rows = Signal<ReadonlyMap<string, Session>>;

/** Puts rows in, leaving out what does not fit; gives the ids that were not there before. */
function put(rows: Rows, values: readonly unknown[]): string[] {
  const next = new Map(rows.peek());
  const came: string[] = [];
  for (const value of values) {
    const session = Session.safeParse(value);
    if (!session.success) continue;
    if (!next.has(session.data.session_id)) came.push(session.data.session_id);
    next.set(session.data.session_id, session.data);
  }
  rows.value = next;
  return came;
}

function take(
  rows: Rows,
  fresh: Signal<ReadonlySet<string>>,
  frame: { event_type: string; data: Record<string, unknown> },
) {
  const { event_type, data } = frame;
  if (event_type === "snapshot" && Array.isArray(data["items"])) put(rows, data["items"]);
  if (event_type === "upsert") fresh.value = new Set([...fresh.peek(), ...put(rows, [data["item"] ?? data])]);
  if (event_type === "remove") {
    const next = new Map(rows.peek());
    next.delete(`${data["id"] ?? data["session_id"]}`);
    rows.value = next;
  }
}

/** Makes the state of a list. */
export function useSessionList(props: ListStart): ListState {
  const rows: Rows = useSignal(new Map(props.sessions.map((session) => [session.session_id, session])));
  const fresh = useSignal<ReadonlySet<string>>(new Set());
  const cursor = useSignal(props.next_cursor);
  const now = useSignal(props.now);
  const selected = useSignal(-1);
  const shown = useComputed(() => [...rows.value.values()].filter((one) => matches(one, props.filter)).sort(inOrder));
  useEffect(() => {
    const leave = pageLine().subscribe("sessions", 0, { frame: (frame) => take(rows, fresh, frame) });
    const tick = setInterval(() => now.value = clientClock.now(), 5000);
    now.value = clientClock.now();
    const keys = (event: KeyboardEvent) => select(event, shown.peek(), selected);
    document.addEventListener("keydown", keys);
    return () => {
      leave();
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
    put(rows, page.sessions);
    cursor.value = page.next_cursor;
  };
  return { shown, fresh, cursor, now, selected, more };
}

/** `j` and `k` move the selection, Enter opens it; single keys rest in fields and on links. */
function select(event: KeyboardEvent, shown: readonly Session[], selected: Signal<number>): void {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("input, textarea, select, a, button, summary")) return;
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j") selected.value = Math.min(shown.length - 1, selected.value + 1);
  if (event.key === "k") selected.value = Math.max(0, selected.value - 1);
  const id = shown[selected.value]?.session_id;
  if (id === undefined) return;
  if (event.key === "Enter") location.assign(`/sessions/${id}`);
  if (event.key === "j" || event.key === "k") {
    document.querySelector(`[data-session="${id}"]`)?.scrollIntoView({ block: "nearest" });
  }
}
