// Where a person types beside an answer: the answer itself, or feedback.

/** A text area for the answer to a question, or for feedback. */
export function AskText(props: { answer: boolean; text: string; onText: (text: string) => void }) {
  return (
    <label class="stack-x">
      <span class="lbl lbl-x">
        {props.answer ? "Your answer" : (
          <>
            Feedback <span class="faint" style="font-weight:400">optional, kept in the log</span>
          </>
        )}
      </span>
      <textarea
        class="ta say"
        rows={props.answer ? 4 : 3}
        value={props.text}
        onInput={(event) => props.onText(event.currentTarget.value)}
      />
    </label>
  );
}
