// What each button of a question does, in a sentence: for questions about rights, calls and budgets.
import { Icon } from "../Icon.tsx";
import type { VerbButton } from "./verbs.ts";

/** The list; nothing where the words of the buttons say all. */
export function AnswersHelp(props: { buttons: readonly VerbButton[] }) {
  const told = props.buttons.filter((button) => button.does !== undefined);
  if (told.length === 0) return null;
  return (
    <div class="answers-x">
      <h3 style="font-size:.8125rem;font-weight:600;margin-bottom:6px">What your answer does</h3>
      <dl>
        {told.map(({ verb, word, does }) => (
          <div key={verb}>
            <dt>
              <Icon name={verb.startsWith("reject") ? "circle-slash" : "check"} size={14} />
              {word}
            </dt>
            <dd class="muted">{does}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
