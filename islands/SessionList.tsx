// The list of sessions, live: rows change, come and go as commits happen; filters are addresses and work without this.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { Session } from "../lib/protocol/rest.ts";
import { pageLine } from "../lib/client/line.ts";
import { inOrder, type ListFilter, matches } from "../lib/ui/session_filter.ts";
import { SessionRow } from "../lib/ui/SessionRow.tsx";
import { EmptyList } from "../lib/ui/EmptyList.tsx";

/** What the server rendered. */
export interface SessionListProps {
  sessions: Session[];
  total: number | null;
  next_cursor: string | null;
  filter: ListFilter;
  now: number;
}

/** The list; more rows load at the press of a button. */
export default function SessionList(props: SessionListProps) {
  const rows = useSignal(new Map(props.sessions.map((session) => [session.session_id, session])));
  const fresh = useSignal<ReadonlySet<string>>(new Set());
  const cursor = useSignal(props.next_cursor);
  const now = useSignal(props.now);
  const selected = useSignal(-1);
  const shown = useComputed(() => [...rows.value.values()].filter((one) => matches(one, props.filter)).sort(inOrder));

  useEffect(() => {
    const put = (values: unknown[], mark: boolean) => {
      const next = new Map(rows.peek());
      const came = new Set(fresh.peek());
      for (const value of values) {
        const parsed = Session.safeParse(value);
        if (!parsed.success) continue;
        if (mark && !next.has(parsed.data.session_id)) came.add(parsed.data.session_id);
        next.set(parsed.data.session_id, parsed.data);
      }
      rows.value = next;
      fresh.value = came;
    };
    const leave = pageLine().subscribe("sessions", 0, {
      frame: ({ event_type, data }) => {
        if (event_type === "snapshot" && Array.isArray(data["items"])) put(data["items"], false);
        if (event_type === "upsert") put([data["item"] ?? data], true);
        if (event_type === "remove") {
          const next = new Map(rows.peek());
          next.delete(`${data["id"] ?? data["session_id"]}`);
          rows.value = next;
        }
      },
    });
    now.value = Date.now();
    const tick = setInterval(() => now.value = Date.now(), 5000);
    const keys = (event: KeyboardEvent) =>
      moveBy(event, shown.peek().length, selected, (i) => shown.peek()[i]?.session_id);
    document.addEventListener("keydown", keys);
    return () => {
      leave();
      clearInterval(tick);
      document.removeEventListener("keydown", keys);
    };
  }, []);

  const more = async () => {
    const search = new URLSearchParams(location.search);
    search.set("cursor", cursor.value ?? "");
    const response = await fetch(`/api/sessions?${search}`);
    if (!response.ok) return;
    const page: { sessions: unknown[]; next_cursor: string | null } = await response.json();
    const next = new Map(rows.peek());
    for (const value of page.sessions) {
      const parsed = Session.safeParse(value);
      if (parsed.success) next.set(parsed.data.session_id, parsed.data);
    }
    rows.value = next;
    cursor.value = page.next_cursor;
  };

  if (shown.value.length === 0) return <EmptyList filtered={Object.keys(props.filter).length > 0} />;
  return (
    <div class="slist" role="list" aria-label="Sessions">
      <div class="lh" aria-hidden="true">
        <span>Status</span>
        <span>Session</span>
        <span>Progress</span>
        <span>Mode</span>
        <span class="r">Cost</span>
        <span />
        <span class="r">Activity</span>
      </div>
      {shown.value.map((session, i) => (
        <div role="listitem" key={session.session_id}>
          <SessionRow
            session={session}
            now={now.value}
            selected={selected.value === i}
            fresh={fresh.value.has(session.session_id)}
          />
        </div>
      ))}
      <div class="row meta" style="padding:14px 10px">
        <span>{shown.value.length} of {Math.max(props.total ?? 0, shown.value.length)} shown</span>
        {cursor.value !== null && <button type="button" class="btn btn-xs btn-line" onClick={more}>Show more</button>}
        <span class="sp only-l row" style="gap:6px">
          <kbd class="k">j</kbd>
          <kbd class="k">k</kbd> move <kbd class="k">Enter</kbd> open <kbd class="k">t</kbd> new task
        </span>
      </div>
    </div>
  );
}

/** `j` and `k` move the selection, Enter opens it; single keys rest in fields. */
function moveBy(
  event: KeyboardEvent,
  count: number,
  selected: { value: number },
  idOf: (i: number) => string | undefined,
): void {
  const target = event.target instanceof Element ? event.target : null;
  if (
    target?.closest("input, textarea, select, a, button, summary") || event.ctrlKey || event.metaKey || event.altKey
  ) return;
  if (event.key === "j") selected.value = Math.min(count - 1, selected.value + 1);
  if (event.key === "k") selected.value = Math.max(0, selected.value - 1);
  const id = idOf(selected.value);
  if (id === undefined) return;
  if (event.key === "Enter") location.assign(`/sessions/${id}`);
  if (event.key === "j" || event.key === "k") {
    document.querySelector(`[data-session="${id}"]`)?.scrollIntoView({ block: "nearest" });
  }
}
