// The modes as cards to pick one: real radios, so that keys and forms work.
import type { Mode } from "../protocol/rest.ts";
import { Icon } from "./Icon.tsx";
import { modeLook } from "./words.ts";

/** Cards of all modes. */
export function ModeCards(props: { modes: Mode[]; mode: string; onMode?: (id: string) => void }) {
  return (
    <fieldset>
      <legend class="lbl lbl-x">How should it work?</legend>
      <div class={`gal g${Math.min(4, props.modes.length)}`}>
        {props.modes.map((mode) => {
          const look = modeLook(mode.id);
          const on = mode.id === props.mode;
          return (
            <label class={`gc${on ? " on" : ""}`} style={`--mh:${look.hue}`} key={mode.id}>
              <input
                type="radio"
                name="mode"
                value={mode.id}
                checked={on}
                class="sr-only"
                onChange={() => props.onMode?.(mode.id)}
              />
              <span class="h3">
                <Icon name={look.icon} />
                {mode.label}
              </span>
              {on && (
                <span class="tick">
                  <Icon name="check" size={14} />
                </span>
              )}
              <p>{mode.description}</p>
              <span class="lim">
                <span>
                  <Icon name="globe" />
                  {mode.grants.hosts.length === 0 ? "no network" : mode.grants.hosts[0]}
                </span>
                {mode.grants.time_s !== null && (
                  <span>
                    <Icon name="timer" />
                    {Math.round(mode.grants.time_s / 60)} min
                  </span>
                )}
              </span>
            </label>
          );
        })}
      </div>
    </fieldset>
  );
}
