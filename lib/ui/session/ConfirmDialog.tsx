// A dialog that names the thing and what goes with it; the safe choice comes first, Esc closes.

/** What a dialog asks. `field` asks for a text too. */
export interface Confirm {
  title: string;
  text: string;
  yes: string;
  danger: boolean;
  field?: string;
  onYes: (text: string) => void;
}

/** The dialog; absent when nothing is asked. */
export function ConfirmDialog(props: { ask: Confirm | null; onClose: () => void }) {
  const { ask } = props;
  if (ask === null) return null;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = form instanceof HTMLFormElement ? `${new FormData(form).get("text") ?? ""}` : "";
    props.onClose();
    ask.onYes(text);
  };
  return (
    <dialog class="dlg dlg-x" aria-labelledby="dlg-title" ref={open} onClose={props.onClose}>
      <form onSubmit={submit}>
        <h2 id="dlg-title">{ask.title}</h2>
        <p class="dense muted">{ask.text}</p>
        {ask.field !== undefined && (
          <input class="field" name="text" maxLength={200} required value={ask.field} aria-label={ask.title} />
        )}
        <div class="row" style="justify-content:flex-end;margin-top:18px">
          <button type="button" class="btn btn-line" autofocus={ask.danger} onClick={props.onClose}>
            Keep it as it is
          </button>
          <button type="submit" class={`btn ${ask.danger ? "btn-danger-solid" : "btn-primary"}`}>{ask.yes}</button>
        </div>
      </form>
    </dialog>
  );
}

function open(element: HTMLDialogElement | null): void {
  if (element !== null && !element.open) element.showModal();
}
