// The live part of the top bar: what needs you, what runs, what it cost today, and whether the line stands.
import { useEffect } from "preact/hooks";
import type { Pulse } from "../lib/protocol/rest.ts";
import { listenToPage } from "../lib/client/page_keys.ts";
import { followPulse, pulseNow } from "../lib/client/pulse.ts";
import { Icon } from "../lib/ui/Icon.tsx";
import { money } from "../lib/ui/words.ts";
import { lineState } from "../lib/client/line.ts";
import { Connection } from "../lib/ui/Connection.tsx";

/** Pulse and connection; begins with what the server rendered. */
export default function TopLive(props: { pulse: Pulse }) {
  useEffect(() => {
    const forget = listenToPage();
    const leave = followPulse();
    return () => {
      forget();
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
