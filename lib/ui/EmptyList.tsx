// An empty list: one sentence, one next step, and the examples to begin with.
import { Icon } from "./Icon.tsx";
import { modeLook } from "./words.ts";

/** An example that can be begun with. */
export interface OfferedExample {
  name: string;
  title: string;
  mode: string;
}

/** No sessions at all, or none that the filter lets through. */
export function EmptyList(props: { filtered: boolean; examples: OfferedExample[] }) {
  if (props.filtered) {
    return (
      <div class="empty-x">
        <h2>Nothing here with this filter</h2>
        <a class="btn btn-line" href="/">Show all sessions</a>
      </div>
    );
  }
  return (
    <div class="empty-x first">
      <h2>Nothing has run yet</h2>
      <p class="muted">
        Write down what should be done, step by step. Holdfast shows you a plan, runs each step locked in a process of
        its own, and stops wherever you asked to be asked.
      </p>
      <a class="btn btn-primary" href="/new">
        <Icon name="plus" size={14} />New task
      </a>
      {props.examples.length > 0 && <Examples examples={props.examples} />}
    </div>
  );
}

function Examples(props: { examples: OfferedExample[] }) {
  return (
    <div class="offers">
      <h3 class="lbl">Or start one of these. They run here, without a key.</h3>
      {props.examples.map(({ name, title, mode }) => {
        const look = modeLook(mode);
        return (
          <a key={name} class="offer" href={`/new?example=${encodeURIComponent(name)}`} style={`--mh:${look.hue}`}>
            <Icon name={look.icon} />
            <span class="grow">
              <b>{title}</b>
              <span class="meta">{name}, {look.label}</span>
            </span>
            <Icon name="arrow-right" size={14} />
          </a>
        );
      })}
    </div>
  );
}
