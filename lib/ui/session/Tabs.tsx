// The views of a session as tabs: arrows move, counts in faint; "Needs you" is there only while something does,
// "Allowed" only when a person has said something for the whole session.
//
//   TB1. A page begins with the view that has something to say; an address may name another, if it is there.
import type { SessionView } from "../../engine/view.ts";
import { count } from "../words.ts";

const NAMES = ["needs", "talk", "console", "files", "cost", "rights", "steps"] as const;
/** Names of the tabs. `steps` is for phones, where the tree has no place of its own. */
export type TabName = (typeof NAMES)[number];

/** The tab that a page begins with. */
export function firstTab(view: SessionView): TabName {
  if (view.pending.length > 0) return "needs";
  const run = view.runs.at(-1);
  if (run === undefined || run.status === "failed") return "talk";
  if (run.status === "completed" && view.files.length > 0) return "files";
  // Words of an agent are all that a run without output has to show.
  return run.status === "completed" && view.console_total === 0 ? "talk" : "console";
}

/** The tab that an address names by its end (`#files`); null for another, and for one that is not there now. */
export function tabOf(hash: string, view: SessionView): TabName | null {
  const name = NAMES.find((one) => hash === `#${one}`);
  if (name === undefined || (name === "needs" && view.pending.length === 0)) return null;
  return name === "rights" && view.grants.length === 0 ? null : name;
}

/** The row of tabs. */
export function Tabs(
  props: { view: SessionView; asked: boolean; files: number; tab: TabName; onTab: (name: TabName) => void },
) {
  const { view } = props;
  const tabs: { name: TabName; word: string; count: number; only?: string }[] = [
    ...(props.asked ? [{ name: "needs" as const, word: "Needs you", count: view.pending.length, only: "needs" }] : []),
    { name: "steps", word: "Steps", count: 0, only: "only-s" },
    { name: "talk", word: "Conversation", count: view.conversation_total },
    { name: "console", word: "Console", count: view.console_total },
    { name: "files", word: "Files", count: props.files },
    { name: "cost", word: "Cost", count: 0 },
    ...(view.grants.length > 0 || props.tab === "rights"
      ? [{ name: "rights" as const, word: "Allowed", count: view.grants.length }]
      : []),
  ];
  const keys = (event: KeyboardEvent) => {
    if (event.key !== "ArrowRight" && event.key !== "ArrowLeft") return;
    const at = tabs.findIndex((one) => one.name === props.tab) + (event.key === "ArrowRight" ? 1 : -1);
    const next = tabs[(at + tabs.length) % tabs.length];
    if (next === undefined) return;
    props.onTab(next.name);
    document.getElementById(`tab-${next.name}`)?.focus();
  };
  return (
    <div class="tabs-b" role="tablist" aria-label="Views of this session" onKeyDown={keys}>
      {tabs.map((one) => (
        <a
          key={one.name}
          id={`tab-${one.name}`}
          class={one.only ?? ""}
          href={`#${one.name}`}
          role="tab"
          aria-selected={props.tab === one.name}
          aria-controls="view"
          tabIndex={props.tab === one.name ? 0 : -1}
          onClick={(event) => {
            event.preventDefault();
            props.onTab(one.name);
          }}
        >
          {one.word} {one.count > 0 && <b>{count(one.count)}</b>}
        </a>
      ))}
    </div>
  );
}
