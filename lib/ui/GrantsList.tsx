// What a task will be allowed to do, before it starts; "none" is written out.
import type { Mode } from "../protocol/rest.ts";
import { Icon } from "./Icon.tsx";
import type { IconName } from "./icon_paths.ts";
import { money } from "./words.ts";

function Line(props: { icon: IconName; word: string; values: string[] }) {
  return (
    <div class="grant">
      <Icon name={props.icon} />
      <span class="w">{props.word}</span>
      <span class="v">
        {props.values.length === 0 ? "none" : props.values[0]}
        {props.values.slice(1).map((value) => <span class="s" key={value}>{value}</span>)}
      </span>
    </div>
  );
}

const time = (seconds: number | null) =>
  seconds === null ? ["no limit"] : [
    `${seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`} of running`,
    "waiting for you does not count",
  ];

/** The manifest of a mode's grants. */
export function GrantsList(props: { grants: Mode["grants"] }) {
  const { grants } = props;
  return (
    <div>
      <Line icon="folder" word="Reads" values={grants.reads} />
      <Line icon="file-pen" word="Writes" values={grants.writes} />
      <Line icon="globe" word="Hosts" values={grants.hosts} />
      <Line icon="terminal" word="Programs" values={grants.programs} />
      <Line icon="key" word="Secrets" values={grants.secrets} />
      <Line icon="timer" word="Time" values={time(grants.time_s)} />
      <Line
        icon="hard-drive"
        word="Memory"
        values={[grants.memory_mb === null ? "no limit" : `${grants.memory_mb} MB`]}
      />
      <Line
        icon="coins"
        word="Money"
        values={[grants.money_usd === null ? "no limit" : `at most ${money(grants.money_usd)}`]}
      />
      <div class="grant-asks">
        <Icon name="hand" />
        {grants.asks.length === 0 ? <span>It never stops to ask.</span> : (
          <span>
            <b>It will stop and ask you:</b>
            {grants.asks.map((line) => <span class="muted" key={line}>{line}</span>)}
          </span>
        )}
      </div>
    </div>
  );
}
