// A further task for a session that is at rest.
import type { Session } from "../../protocol/rest.ts";

/** The field; absent while a run is not over. */
export function Composer(props: { session: Session; offline: boolean; onStart: (task: string) => Promise<boolean> }) {
  const { session } = props;
  const rest = session.run_status === null || ["completed", "failed", "cancelled"].includes(session.run_status);
  if (!rest || session.status === "suspended" || session.status === "expired") return null;
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    const form = event.currentTarget;
    if (!(form instanceof HTMLFormElement)) return;
    const task = `${new FormData(form).get("task") ?? ""}`.trim();
    if (task !== "" && await props.onStart(task)) form.reset();
  };
  return (
    <form class="composer" onSubmit={submit}>
      <label class="lbl lbl-x" for="next-task">
        {session.run_status === null ? "Task" : "Another task in this session"}
      </label>
      <textarea class="ta" id="next-task" name="task" rows={3} required placeholder="Plain words, or a runbook" />
      <button type="submit" class="btn btn-line" disabled={props.offline}>Start</button>
    </form>
  );
}
