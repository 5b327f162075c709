// A person in front of a browser: a page that is logged in, and everything that the browser complained about.
//
//   PG1. Every console error, refused request of the content policy, uncaught error and failed request is written down;
//        `calm` says that there was none but those that the test expects.
import { assert, assertEquals } from "@std/assert";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { count } from "@/lib/ui/words.ts";
import type { Reached } from "./api.ts";

/** How long anything on a page may take before the test fails. */
export const PATIENCE_MS = 30_000;

/** A test with the browser of its file, which outlives it: what the driver keeps open is no leak of the test. */
export function webTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}

/** Somebody with a browser; going closes the window. */
export interface Person extends AsyncDisposable {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Fails when the browser complained of anything that no pattern expects. */
  calm(expected?: readonly RegExp[]): void;
}
/** How somebody comes. */
export interface Coming {
  theme?: "light" | "dark";
  width?: number;
  height?: number;
  /** Comes without being logged in. */
  stranger?: boolean;
  /** Comes with JavaScript switched off. */
  plain?: boolean;
}

/** Opens a window of its own, logged in by token. */
export async function comes(browser: Browser, server: Reached, how: Coming = {}): Promise<Person> {
  const context = await browser.newContext({
    baseURL: server.url,
    colorScheme: how.theme ?? "light",
    javaScriptEnabled: !how.plain,
    viewport: { width: how.width ?? 1440, height: how.height ?? 900 },
  });
  context.setDefaultTimeout(PATIENCE_MS);
  if (!how.stranger) {
    await context.request.post("/login", { data: { token: server.token }, headers: { origin: server.url } });
  }
  const page = await context.newPage();
  const complaints: string[] = [];
  page.on("console", (said) => {
    if (said.type() === "error" || said.type() === "warning") complaints.push(`${said.type()}: ${said.text()}`);
  });
  page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));
  page.on("requestfailed", (request) => {
    // Leaving a page gives up what it was still asking for.
    const why = request.failure()?.errorText ?? "";
    if (why !== "net::ERR_ABORTED") complaints.push(`failed: ${request.url()} ${why}`);
  });
  return {
    page,
    context,
    calm: (expected = []) =>
      assertEquals(complaints.filter((said) => !expected.some((pattern) => pattern.test(said))), []),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** The number of the last event that a session's page shows. */
export async function seqOn(page: Page): Promise<number> {
  return Number((await page.getByTitle("Number of the last event that is shown").innerText()).replace(/\D/g, ""));
}

/** Waits until a page shows the same seq as the log's head. */
export async function untilSeq(page: Page, seq: number): Promise<void> {
  await page.getByText(`seq ${count(seq)}`, { exact: true }).waitFor();
}

/** The numbers of the lines of output that a page shows, in their order. */
export async function linesOn(page: Page): Promise<string[]> {
  return await page.locator(".con .ln > span:last-child").allTextContents();
}

/** How far a page can be scrolled sideways, in pixels. */
export async function sideways(page: Page): Promise<number> {
  return await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** Puts an empty file into a session's folder: the sign for a task to stop. */
export async function upload(server: Reached, session_id: string, path: string): Promise<void> {
  const answer = await fetch(`${server.url}/api/sessions/${session_id}/files/${path}`, {
    method: "PUT",
    headers: { authorization: `Bearer ${server.token}` },
    body: "",
  });
  await answer.body?.cancel();
  assert(answer.ok, `PUT ${path}: ${answer.status}`);
}
