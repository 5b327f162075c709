// The session was deleted while its page was open.

/** What is left to say. */
export function Gone() {
  return (
    <main class="page-x">
      <h1>This session was deleted</h1>
      <p class="muted" style="margin-bottom:18px">Its log and its files are gone.</p>
      <a class="btn btn-primary" href="/">All sessions</a>
    </main>
  );
}
