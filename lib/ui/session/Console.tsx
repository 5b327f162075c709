// The console: lines of output in their order, folded by step, with search and follow.
//
// Lines stand in blocks that the browser lays out only when they come near the view (content-visibility), so a long log
// stays smooth without measuring rows.
import type { VNode } from "preact";
import type { SessionView } from "../../engine/view.ts";
import { LINE_CHARS, type LineView } from "../../engine/view/types.ts";
import { Icon } from "../Icon.tsx";
import type { Look } from "../words.ts";
import { StatusIcon } from "../Status.tsx";
import { clock, clockMs, count } from "../words.ts";
import { ansiParts } from "./ansi.ts";
import { lookOfStep, stepOfLine } from "./step_rows.ts";

/** What the console shows and does. */
export interface ConsoleProps {
  view: SessionView;
  earlier: readonly LineView[];
  step: string | null;
  search: string;
  follow: boolean;
  /** Lines that came since following was left off. */
  fresh: number;
  /** Whether earlier lines are being fetched. */
  loading: boolean;
  onSearch: (text: string) => void;
  onFollow: (on: boolean) => void;
  onEarlier: (() => void) | null;
  attach: (element: HTMLElement | null) => void;
}

interface Block {
  key: string;
  /** The step that begins with it; null where it goes on. */
  head: { name: string; look: Look | null } | null;
  lines: LineView[];
}

/** Lines in blocks: a new one where the step changes, and at each hundred of seqs: these stay where lines go first. */
function blocksOf(view: SessionView, lines: readonly LineView[]): Block[] {
  const blocks: Block[] = [];
  let step: string | null | undefined;
  for (const line of lines) {
    const found = stepOfLine(view, line);
    const key = `${line.run_id} ${found === null ? "" : `${found.step_id}:${line.attempt ?? 1}`}`;
    const last = blocks.at(-1);
    if (last !== undefined && step === key && hundred(last.lines[0]) === hundred(line)) last.lines.push(line);
    else {
      const head = found === null ? { name: "Workflow", look: null } : { name: found.name, look: lookOfStep(found) };
      blocks.push({ key: `${line.seq}`, head: step === key ? null : head, lines: [line] });
    }
    step = key;
  }
  return blocks;
}

const hundred = (line: LineView | undefined) => Math.floor((line?.seq ?? 0) / 100);

/** The lines that are shown. */
function shownLines(props: ConsoleProps): LineView[] {
  const needle = props.search.trim().toLowerCase();
  const all = [...props.earlier, ...props.view.console];
  const run_id = props.view.runs.at(-1)?.run_id;
  return all.filter((line) =>
    (props.step === null || (line.run_id === run_id && stepOfLine(props.view, line)?.step_id === props.step)) &&
    (needle === "" || line.message.toLowerCase().includes(needle))
  );
}

/** The console. */
export function Console(props: ConsoleProps) {
  const lines = shownLines(props);
  return (
    <>
      <div class="tools">
        <label class="field search" style="width:240px">
          <Icon name="search" size={14} />
          <input
            type="search"
            value={props.search}
            placeholder="Search output"
            aria-label="Search output"
            onInput={(event) => props.onSearch(event.currentTarget.value)}
          />
        </label>
        {props.search !== "" && (
          <span class="meta num" role="status">{count(lines.length)} {lines.length === 1 ? "line" : "lines"}</span>
        )}
      </div>
      <div
        class={`con${props.follow ? " at-end" : ""}`}
        role="log"
        aria-live="off"
        aria-label="Output"
        tabIndex={0}
        ref={props.attach}
      >
        {props.onEarlier !== null && (
          <button type="button" class="btn btn-xs btn-quiet earlier" onClick={props.onEarlier}>
            {props.loading ? "Loading earlier lines" : "Show earlier lines"}
          </button>
        )}
        {lines.length === 0 && <p class="meta" style="padding:14px 20px">{emptyText(props)}</p>}
        {blocksOf(props.view, lines).map((block) => (
          <LineBlock key={block.key} block={block} needle={props.search.trim()} />
        ))}
      </div>
      <div class="conft">
        <label class="row">
          <input
            type="checkbox"
            class="toggle toggle-xs"
            checked={props.follow}
            onChange={(event) => props.onFollow(event.currentTarget.checked)}
          />
          Follow
        </label>
        <span class="num">{count(lines.length)} of {count(props.view.console_total)} lines</span>
        {!props.follow && (
          <button type="button" class="btn btn-xs btn-quiet sp" onClick={() => props.onFollow(true)}>
            <Icon name="arrow-down" size={14} />
            {props.fresh === 0 ? "To the end" : `${count(props.fresh)} new ${props.fresh === 1 ? "line" : "lines"}`}
          </button>
        )}
      </div>
    </>
  );
}

const emptyText = (props: ConsoleProps) =>
  props.search !== ""
    ? "No line has this text."
    : props.view.runs.length === 0
    ? "Nothing has run yet."
    : endedEmpty(props)
    ? "Nothing was printed."
    : "Nothing was printed yet.";

function endedEmpty({ view }: ConsoleProps): boolean {
  const status = view.runs.at(-1)?.status;
  return status === "completed" || status === "failed" || status === "cancelled";
}

function LineBlock(props: { block: Block; needle: string }) {
  const { block } = props;
  const { head } = block;
  return (
    <div
      class="lines"
      style={`contain-intrinsic-block-size:auto ${block.lines.length * 20 + (head === null ? 0 : 30)}px`}
    >
      {head !== null && (
        <div class="fold">
          {head.look !== null && <StatusIcon look={head.look} />}
          {head.name}
          <span class="x">{clock(block.lines[0]?.timestamp ?? "")}</span>
        </div>
      )}
      {block.lines.map((line) =>
        props.needle === "" ? drawn(line) : <Line key={line.seq} line={line} needle={props.needle} />
      )}
    </div>
  );
}

/** Lines as they were drawn: one that has not changed is not drawn again when the next one comes. */
const DRAWN = new WeakMap<LineView, VNode>();

function drawn(line: LineView): VNode {
  const known = DRAWN.get(line) ?? <Line key={line.seq} line={line} needle="" />;
  DRAWN.set(line, known);
  return known;
}

function Line(props: { line: LineView; needle: string }) {
  const { line, needle } = props;
  return (
    <div class={`ln${line.stream === "stderr" ? " err" : ""}${needle === "" ? "" : " hit"}`}>
      <span>{line.seq}</span>
      <span title={line.timestamp}>{clockMs(line.timestamp)}</span>
      <span class="t">{line.stream}</span>
      <span>
        {ansiParts(line.message).map((part, i) => <span key={i} class={part.tone}>{marked(part.text, needle)}</span>)}
        {line.message.length >= LINE_CHARS && <span class="a-d">… the rest of this line is in the export</span>}
      </span>
    </div>
  );
}

function marked(text: string, needle: string) {
  const at = needle === "" ? -1 : text.toLowerCase().indexOf(needle.toLowerCase());
  if (at === -1) return text;
  return (
    <>
      {text.slice(0, at)}
      <mark>{text.slice(at, at + needle.length)}</mark>
      {text.slice(at + needle.length)}
    </>
  );
}
