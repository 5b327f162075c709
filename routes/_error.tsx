// The error page: what happened, what is safe, what next, with the request id to quote.
import { HttpError } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../lib/http/define.ts";
import { AppError } from "../lib/model/error.ts";
import { Mark } from "../lib/ui/Shell.tsx";

/** Text for a person; nothing of an unexpected error's own text is shown. */
function words(error: unknown): { title: string; detail: string; status: number } {
  const status = error instanceof HttpError || error instanceof AppError ? error.status : 500;
  if (status === 404) {
    return { status, title: "No such page", detail: "It is unknown, was deleted, or is not shared with you." };
  }
  if (error instanceof AppError && status < 500) return { status, title: "That did not work", detail: error.message };
  if (status === 503) {
    return {
      status,
      title: "Not available right now",
      detail: "The server is starting, full or going away. Try again in a moment.",
    };
  }
  return {
    status,
    title: "An error of the server",
    detail: "What was saved is safe. Try again; if it stays, tell the operator the request id.",
  };
}

export default define.page(function ErrorPage({ error, state }) {
  const { title, detail, status } = words(error);
  return (
    <>
      <Head>
        <title>{title} · Holdfast</title>
      </Head>
      <main class="page-x" id="main">
        <a class="brand" href="/" style="margin-bottom:28px">
          <Mark />
          <span class="keep">Holdfast</span>
        </a>
        <p class="meta num">{status}</p>
        <h1>{title}</h1>
        <p class="muted" style="margin-bottom:18px">{detail}</p>
        <p class="meta" style="margin-bottom:22px">
          Request id <span class="mono">{state.request_id}</span>
        </p>
        <a class="btn btn-primary" href="/">All sessions</a>
      </main>
    </>
  );
});
