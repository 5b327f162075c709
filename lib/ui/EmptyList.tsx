// An empty list: one sentence, one next step.

/** No sessions at all, or none that the filter lets through. */
export function EmptyList(props: { filtered: boolean }) {
  if (props.filtered) {
    return (
      <div class="empty-x">
        <h2>Nothing here with this filter</h2>
        <a class="btn btn-line" href="/">Show all sessions</a>
      </div>
    );
  }
  return (
    <div class="empty-x">
      <h2>Nothing has run yet</h2>
      <p class="muted">Give it a task, or begin with an example: it takes a minute and stays on this machine.</p>
      <div class="row wrap" style="justify-content:center">
        <a class="btn btn-primary" href="/new">New task</a>
        <a class="btn btn-line" href="/new?example=climate.md&mode=planning-control">Try the climate example</a>
      </div>
    </div>
  );
}
