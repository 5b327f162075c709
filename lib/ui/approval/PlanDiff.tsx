// "What you send": the changed plan against the one that was asked; signs, never colour alone.
import { changesOf, diffOf, type PlanDraft } from "../../client/plan_edit.ts";

/** The difference as lines, and how much changed in words. */
export function PlanDiff(props: { draft: PlanDraft }) {
  const { changed, moved, added, removed, total } = changesOf(props.draft);
  const words = [
    changed.length > 0 && `${changed.length} changed`,
    moved.size > 0 && `${moved.size} moved`,
    added.length > 0 && `${added.length} added`,
    removed.length > 0 && `${removed.length} removed`,
  ].filter((word) => word !== false);
  return (
    <div>
      <div class="row" style="margin-bottom:8px">
        <h3 style="font-size:.875rem">What you send</h3>
        <span class="meta">{total === 0 ? "the plan as it is" : words.join(", ")}</span>
      </div>
      <div class="pdiff boxed" role="table" aria-label="What you send">
        {diffOf(props.draft).map((line, i) => (
          <div key={i} role="row" class={line.sign === "+" ? "add" : line.sign === "-" ? "del" : ""}>
            <span role="cell">{line.before ?? ""}</span>
            <span role="cell">{line.after ?? ""}</span>
            <span role="cell">{line.sign === "-" ? "−" : line.sign === "+" ? "+" : ""}</span>
            <span role="cell">{line.text}</span>
          </div>
        ))}
      </div>
    </div>
  );
}
