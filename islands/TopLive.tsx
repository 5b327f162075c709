// The live part of the top bar: what needs you, what runs, what it cost today, and whether the line stands.
import { useEffect } from "preact/hooks";
import type { Pulse } from "../lib/protocol/rest.ts";
import { followPulse, pulseNow } from "../lib/client/pulse.ts";
import { Icon } from "../lib/ui/Icon.tsx";
import { money } from "../lib/ui/words.ts";
import { lineState } from "../lib/client/line.ts";
import { Connection } from "../lib/ui/Connection.tsx";

/** Pulse and connection; begins with what the server rendered. */
export default function TopLive(props: { pulse: Pulse }) {
  useEffect(() => {
    document.addEventListener("keydown", shortcuts);
    const leave = followPulse();
    return () => {
      document.removeEventListener("keydown", shortcuts);
      leave();
    };
  }, []);
  const { needs_you, running, cost_today_usd } = pulseNow.value ?? props.pulse;
  const stale = lineState.value.state === "offline";
  return (
    <>
      <div class={`pulse${stale ? " stale" : ""}`} role="status" aria-label="Now">
        {needs_you > 0 && (
          <a class="needs" href="/?needs_you=true">
            <Icon name="hand" size={14} />
            {needs_you}
            <span class="w">{needs_you === 1 ? "needs you" : "need you"}</span>
          </a>
        )}
        {running > 0 && (
          <span class="run">
            <Icon name="circle-dot-dashed" size={14} spin={!stale} />
            {running}
            <span class="w">running</span>
          </span>
        )}
        <span>
          <b>{money(cost_today_usd)}</b>
          <span class="w">today</span>
        </span>
      </div>
      <Connection state={lineState.value} />
    </>
  );
}

/** Whether `g` was pressed just before: the next key says where to. */
let going = false;

/** `t` new task, `g s` sessions, `/` search; single keys rest in fields. */
function shortcuts(event: KeyboardEvent): void {
  const target = event.target instanceof Element ? event.target : null;
  if (
    target?.closest("input, textarea, select, [contenteditable], dialog") || event.ctrlKey || event.metaKey ||
    event.altKey
  ) return;
  const second = going;
  going = event.key === "g";
  if (second && event.key === "s") location.assign("/");
  if (event.key === "t") location.assign("/new");
  if (event.key === "/") {
    const search = document.querySelector<HTMLInputElement>("input[type=search]");
    if (search !== null) {
      event.preventDefault();
      search.focus();
    }
  }
}
