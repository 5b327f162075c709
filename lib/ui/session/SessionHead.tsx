// The head of a session's page: name, status and reason, actions; cost, elapsed, mode, owner, watching, connection.
import type { SessionView } from "../../engine/view.ts";
import type { RunView } from "../../engine/view/types.ts";
import type { Session } from "../../protocol/rest.ts";
import { Icon } from "../Icon.tsx";
import { Avatar, ModeTag, MOVES, StatusBadge } from "../Status.tsx";
import { clock, count, lookOf, money, reasonOf, took } from "../words.ts";

/** What the head shows and does. */
export interface SessionHeadProps {
  session: Session;
  view: SessionView;
  now: number;
  offline: boolean;
  viewers: readonly { id: string; name: string }[];
  busy: string | null;
  onAct: (act: "pause" | "pause_now" | "resume" | "cancel" | "retry" | "delete" | "pin" | "suspend") => void;
  onRename: () => void;
}

/** The head. */
export function SessionHead(props: SessionHeadProps) {
  const { session, now } = props;
  const look = lookOf(session);
  const stale = props.offline && MOVES.has(look);
  const reason = `${stale ? `as of ${clock(new Date(now).toISOString())}: ` : ""}${reasonOf(session, now)}`;
  return (
    <div class="shead">
      <div class="row head-x" style="gap:10px">
        <a class="muted only-s" href="/" aria-label="Back to sessions" style="margin-left:-4px">
          <Icon name="chevron-left" />
        </a>
        <h1 class="t" title={session.name} dir="auto">{session.name}</h1>
        <button type="button" class="btn btn-xs btn-quiet btn-sq only-l" aria-label="Rename" onClick={props.onRename}>
          <Icon name="pencil" size={14} />
        </button>
        <StatusBadge look={look} stale={stale} />
        <span class="dense muted t only-l" title={reason}>{reason}</span>
        <Actions {...props} />
      </div>
      <div class="dense muted only-s" style="margin-top:3px">{reason}</div>
      <Facts {...props} />
    </div>
  );
}

type Act = Parameters<SessionHeadProps["onAct"]>[0];

function Actions(props: SessionHeadProps) {
  const { session, busy, offline } = props;
  const open = session.run_status !== null && ["queued", "running", "waiting", "paused"].includes(session.run_status);
  const still = session.status === "suspended" || session.status === "expired" || session.run_status === "paused";
  const pausing = session.wait?.asked === "pause";
  const off = busy !== null || offline;
  const button = (act: Act, word: string, doing: string) => (
    <button
      type="button"
      class={`btn btn-sm ${act === "cancel" ? "btn-quiet" : "btn-line"}`}
      disabled={off}
      onClick={() => props.onAct(act)}
    >
      {busy === act ? doing : word}
    </button>
  );
  return (
    <span class="sp row acts" style="gap:6px">
      {(still || pausing) && button("resume", still ? "Resume" : "Go on", "Resuming")}
      {pausing && button("pause_now", "Pause now", "Pausing")}
      {open && !still && !pausing && session.wait?.asked === undefined && button("pause", "Pause", "Pausing")}
      {open && button("cancel", "Cancel…", "Cancelling")}
      {(session.run_status === "failed" || session.run_status === "cancelled") && !still &&
        button("retry", "Run again", "Starting")}
      <More {...props} open={open} />
    </span>
  );
}

function More(props: SessionHeadProps & { open: boolean }) {
  const item = (act: Act, icon: Parameters<typeof Icon>[0]["name"], word: string) => (
    <button
      type="button"
      class="row"
      disabled={props.offline}
      onClick={() => props.onAct(act)}
    >
      <Icon name={icon} size={14} />
      {word}
    </button>
  );
  return (
    <details class="account more-x">
      <summary class="btn btn-sm btn-quiet btn-sq" aria-label="More">
        <Icon name="ellipsis" />
      </summary>
      <div class="menu-x">
        {item("pin", "pin", props.session.pinned ? "Unpin" : "Pin")}
        <button type="button" class="row" onClick={props.onRename}>
          <Icon name="pencil" size={14} />Rename
        </button>
        {props.session.status !== "suspended" && item("suspend", "moon", "Suspend")}
        <a class="row" href={`/api/sessions/${props.session.session_id}/export`} download>
          <Icon name="download" size={14} />Export
        </a>
        {item("delete", "trash-2", "Delete…")}
      </div>
    </details>
  );
}

/** Milliseconds since the run began. */
function elapsed(run: RunView | undefined, now: number): number | null {
  if (run === undefined || run.started_at === null) return null;
  const end = run.ended_at === null ? now : Date.parse(run.ended_at);
  return Math.max(0, end - Date.parse(run.started_at));
}

function Facts(props: SessionHeadProps) {
  const { session, view, viewers } = props;
  const { usd, limit_usd } = session.cost;
  const percent = limit_usd === null || limit_usd === 0 ? null : Math.min(100, Math.round(100 * usd / limit_usd));
  const time = elapsed(view.runs.at(-1), props.now);
  return (
    <div class="facts">
      <span class="fact">
        <span>Cost</span>
        <b style="font-weight:600">{money(Math.max(usd, view.cost.usd))}</b>{" "}
        {limit_usd !== null && `of ${money(limit_usd)}`}
        {percent !== null && (
          <span
            class={`meter${percent >= 100 ? " over" : percent >= 80 ? " warn" : ""}`}
            role="meter"
            aria-label="Cost in percent of its limit"
            aria-valuenow={percent}
            aria-valuemin={0}
            aria-valuemax={100}
          >
            <i style={`width:${percent}%`} />
          </span>
        )}
      </span>
      {time !== null && (
        <span class="fact">
          <span>Elapsed</span>
          {took(time)}
        </span>
      )}
      <span class="fact only-l">
        <span>Mode</span>
        <ModeTag mode={session.mode} />
      </span>
      <span class="fact only-l">
        <span>Owner</span>
        {session.owner.name}
      </span>
      {viewers.length > 0 && (
        <span class="fact only-l">
          <span>Watching</span>
          <span class="avs">{viewers.slice(0, 6).map((one) => <Avatar key={one.id} name={one.name} />)}</span>
        </span>
      )}
      <span class="sp faint num only-l" title="Number of the last event that is shown">seq {count(view.seq)}</span>
    </div>
  );
}
