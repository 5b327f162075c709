// Small signs that stand in every list and head: status, mode, person, progress, cost.
import type { Session } from "../protocol/rest.ts";
import { Icon } from "./Icon.tsx";
import { initials, type Look, LOOKS, modeLook, money } from "./words.ts";

/** What changes by itself: not to be shown as live while the line is lost. */
export const MOVES: ReadonlySet<Look> = new Set(["running", "retrying", "recovering", "queued"]);

/** Status as colour, icon and word; only "Needs you" is filled. `stale` where it may have changed since. */
export function StatusBadge(props: { look: Look; stale?: boolean }) {
  const { word, icon } = LOOKS[props.look];
  return (
    <span class={`st st-${props.stale ? "stale" : props.look}`}>
      <Icon name={icon} spin={props.look === "running" && !props.stale} />
      {props.stale ? `Was ${word.toLowerCase()}` : word}
    </span>
  );
}

/** Status as an icon alone, for dense trees: its word is its name; grey and still while it may have changed. */
export function StatusIcon(props: { look: Look; stale?: boolean }) {
  const { word, icon } = LOOKS[props.look];
  const stale = props.stale && MOVES.has(props.look);
  return (
    <span class={`ico st-${stale ? "stale" : props.look}`} title={word}>
      <Icon name={icon} spin={props.look === "running" && !stale} label={word} />
    </span>
  );
}

/** A mode as icon and label. */
export function ModeTag(props: { mode: string }) {
  const look = modeLook(props.mode);
  return (
    <span class="mode" style={`--mh:${look.hue}`}>
      <Icon name={look.icon} />
      {look.label}
    </span>
  );
}

/** A person as initials. */
export function Avatar(props: { name: string }) {
  return <span class="av" title={props.name} role="img" aria-label={props.name}>{initials(props.name)}</span>;
}

/** Progress: segments up to 7 steps, a bar above; nothing where it is not known. */
export function ProgressBar(props: { progress: Session["progress"]; look: Look }) {
  const { progress } = props;
  if (progress === null || progress.total === 0) return null;
  const mark = props.look === "needs" ? "n" : props.look === "failed" ? "f" : props.look === "running" ? "r" : "";
  const cells = Array.from(
    { length: progress.total },
    (_, i) => i < progress.done ? "d" : i === progress.done ? mark : "",
  );
  return (
    <span class="prog">
      {progress.total <= 7
        ? <span class="seg" aria-hidden="true">{cells.map((cell, i) => <i key={i} class={cell} />)}</span>
        : (
          <span class="meter" style="width:72px" aria-hidden="true">
            <i style={`width:${Math.round(100 * progress.done / progress.total)}%`} />
          </span>
        )}
      <span>{progress.done} of {progress.total}</span>
    </span>
  );
}

/** Cost in words: "$0.14 of $2.00". */
export function CostText(props: { cost: Session["cost"] }) {
  const { usd, limit_usd } = props.cost;
  return (
    <span class="cost">
      <span>{money(usd)}</span> {limit_usd === null ? null : <small>of {money(limit_usd)}</small>}
    </span>
  );
}
