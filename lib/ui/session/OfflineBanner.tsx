// Not connected: what is shown, what is not known, and when the next try comes.
import type { LineState } from "../../client/live.ts";
import { Icon } from "../Icon.tsx";
import { clock } from "../words.ts";

/** The banner; absent while the line stands. */
export function OfflineBanner(
  props: { line: LineState; seq: number; last: number | null; now: number; onTry: () => void },
) {
  const { line } = props;
  if (line.state !== "offline" && line.state !== "refused") return null;
  const wait = line.state === "offline" ? Math.max(0, Math.ceil((line.retry_at - props.now) / 1000)) : 0;
  return (
    <div class="banner off" role="status">
      <Icon name="unplug" />
      {line.state === "refused"
        ? (
          <span>
            <b>Logged out.</b> Log in again to go on; nothing is lost.
          </span>
        )
        : (
          <span>
            <b>Not connected.</b> Shown: everything up to seq {props.seq}
            {props.last !== null && `, ${clock(new Date(props.last).toISOString())}`}; it is saved. Not known: what came
            after. Your answers wait until the line is back.{" "}
            <span class="muted num">Next try in {wait} s, attempt {line.attempt}.</span>
          </span>
        )}
      <span class="sp row" style="gap:8px">
        {line.state === "refused"
          ? <a class="btn btn-xs btn-line" href="/login">Log in</a>
          : <button type="button" class="btn btn-xs btn-line" onClick={props.onTry}>Try now</button>}
      </span>
    </div>
  );
}
