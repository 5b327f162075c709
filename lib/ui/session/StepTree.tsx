// The steps as a tree: status icon leads, duration or reason at the right, planned ones muted.
import type { SessionView } from "../../engine/view.ts";
import { Icon } from "../Icon.tsx";
import { StatusIcon } from "../Status.tsx";
import { took } from "../words.ts";
import { type StepRow, stepRows } from "./step_rows.ts";

/** The tree of the current run. Choosing a row shows its lines in the console. */
export function StepTree(
  props: {
    view: SessionView;
    now: number;
    /** Whether the line is lost: what runs may have ended since. */
    offline: boolean;
    selected: string | null;
    onSelect: (key: string | null) => void;
    /** Repeats the run from a step; null while that cannot be. */
    onRetry: ((key: string) => void) | null;
  },
) {
  const rows = stepRows(props.view);
  const done = rows.filter((row) => row.look === "completed" || row.look === "reused" || row.look === "skipped").length;
  return (
    <>
      <div class="pane-h">
        <h2>Steps</h2>
        {rows.length > 0 && <span class="meta num">{doneText(props.view, done, rows.length)}</span>}
      </div>
      <div class="tree" role="tree" aria-label="Steps">
        {rows.length === 0 && <p class="meta" style="padding:10px 16px">No step has begun.</p>}
        {rows.map((row) => (
          <Row
            key={row.key}
            row={row}
            now={props.now}
            stale={props.offline}
            on={props.selected === row.key}
            onSelect={() => props.onSelect(props.selected === row.key ? null : row.key)}
            onRetry={row.look === "planned" ? null : props.onRetry}
          />
        ))}
      </div>
    </>
  );
}

/** How many are done; of how many only where that is known: by a plan, or because the run is over. */
function doneText(view: SessionView, done: number, all: number): string {
  const run = view.runs.at(-1);
  const known = view.plan !== null || (run !== undefined && run.ended_at !== null);
  return known ? `${done} of ${all} done` : `${done} done`;
}

function Row(
  props: {
    row: StepRow;
    now: number;
    stale: boolean;
    on: boolean;
    onSelect: () => void;
    onRetry: ((key: string) => void) | null;
  },
) {
  const { row } = props;
  const tone = `${row.depth === 0 ? " ph" : ""}${row.look === "needs" ? " needs" : ""}${
    row.look === "planned" ? " plan" : ""
  }`;
  const ms = row.duration_ms ?? (row.started_at === null ? null : Math.max(0, props.now - Date.parse(row.started_at)));
  const pick = (event: KeyboardEvent) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    props.onSelect();
  };
  return (
    <div
      class={`tr${tone}${props.on ? " on" : ""}`}
      style={`--d:${row.depth}`}
      role="treeitem"
      aria-level={row.depth + 1}
      aria-selected={props.on}
      tabIndex={0}
      title={row.error ?? row.name}
      onClick={props.onSelect}
      onKeyDown={pick}
    >
      <StatusIcon look={row.look} stale={props.stale} />
      <span class="t">
        <span class="nm">{row.name}</span> {row.sub && <span class="sub">{row.sub}</span>}
      </span>
      {props.onRetry !== null && <Again row={row} onRetry={props.onRetry} />}
      <span class="x">{row.look === "needs" ? "asks you" : ms === null ? "" : took(ms)}</span>
    </div>
  );
}

/** Repeats the run from this step: what was finished before it is kept. */
function Again(props: { row: StepRow; onRetry: (key: string) => void }) {
  const { row } = props;
  const again = (event: MouseEvent) => {
    event.stopPropagation();
    props.onRetry(row.key);
  };
  return (
    <button
      type="button"
      class="btn btn-xs btn-line again"
      title="Retry from here: runs it again; what was finished before is kept"
      aria-label={`Retry from here: ${row.name}`}
      onClick={again}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <Icon name="rotate-cw" size={12} />Retry
    </button>
  );
}
