// The page of a session and those who look at it: answers, the dialogs, and two viewers of one session.
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { endServer } from "./support/ending.ts";
import { ask, startTask, until } from "./support/api.ts";
import { comes, linesOn, seqOn, untilSeq, upload, webTest } from "./support/pages.ts";
import { ASKS, ASKS_FIRST, COUNTS, PRINTS } from "./support/runbooks.ts";

let server: TestServer;
let browser: Browser;

Deno.test.beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await endServer(server);
});

const status = (page: Page, word: string) => page.locator(".shead .st").getByText(word, { exact: true }).waitFor();
const headOf = async (session_id: string) =>
  Number((await ask(server, "GET", `/api/sessions/${session_id}`))["head_seq"]);
/** A refused answer is told by the page; the browser writes down that there was one. */
const REFUSED = [/status of 409/];

webTest("[WEB2] a rejection with feedback ends the run as rejected, and the page says why", async () => {
  const { session_id } = await startTask(server, ASKS_FIRST);
  await using person = await comes(browser, server);
  const { page, calm } = person;
  await page.goto(`/sessions/${session_id}`);
  await page.getByRole("heading", { name: "Shall it begin?" }).waitFor();
  await page.getByRole("textbox", { name: /Feedback/ }).fill("not today");
  await page.getByRole("button", { name: /^Reject/ }).click();
  await status(page, "Failed");
  await page.getByRole("tab", { name: /Conversation/ }).click();
  await page.getByRole("heading", { name: "Failed rejected" }).waitFor();
  await page.locator(".end-x p").filter({ hasText: "not today" }).waitFor();
  calm();
});

webTest("[WEB3] cancelling asks first: Esc and the safe button keep the run, the other ends it", async () => {
  const { session_id } = await startTask(server, COUNTS);
  await using person = await comes(browser, server);
  const { page, calm } = person;
  await page.goto(`/sessions/${session_id}`);
  await page.getByText("number 3", { exact: true }).waitFor();
  const dialog = page.getByRole("dialog", { name: "Cancel the run of “Counts”?" });
  await page.getByRole("button", { name: "Cancel…" }).click();
  await dialog.waitFor();
  assertEquals(await page.evaluate(() => document.activeElement?.textContent), "Keep it as it is");
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("button", { name: "Keep it as it is" }).click();
  await dialog.waitFor({ state: "detached" });
  await status(page, "Running");
  await page.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await status(page, "Cancelled");
  await page.getByText("Stopped. Its files stay.").first().waitFor();
  calm();
});

webTest(
  "[WEB4] renaming, pinning and deleting are seen by a second viewer at once, the list pins it first",
  async () => {
    const { session_id } = await startTask(server, PRINTS);
    await until(server, session_id, "complete");
    await startTask(server, PRINTS);
    await using first = await comes(browser, server);
    await using second = await comes(browser, server);
    await using lister = await comes(browser, server);
    await lister.page.goto("/");
    await first.page.goto(`/sessions/${session_id}`);
    await second.page.goto(`/sessions/${session_id}`);
    await first.page.getByRole("button", { name: "Rename" }).first().click();
    await first.page.getByRole("textbox", { name: "Rename the session" }).fill("Kept");
    await first.page.keyboard.press("Enter");
    await second.page.getByRole("heading", { level: 1, name: "Kept" }).waitFor();
    await second.page.waitForFunction(() => document.title === "Kept · Holdfast");
    await first.page.getByLabel("More").click();
    await first.page.getByRole("button", { name: "Pin", exact: true }).click();
    await lister.page.getByRole("listitem").first().filter({ hasText: "Kept" }).getByLabel("Pinned").waitFor();
    await first.page.getByLabel("More").click();
    await first.page.getByRole("button", { name: "Delete…" }).click();
    await first.page.getByRole("button", { name: "Delete the session" }).click();
    await first.page.getByRole("listitem").first().waitFor();
    await second.page.getByRole("heading", { name: "This session was deleted" }).waitFor();
    await lister.page.getByText("Kept").waitFor({ state: "detached" });
    // What a page asked of the session at the moment of its deletion is answered with 404.
    for (const person of [first, second, lister]) person.calm([/status of 404/]);
  },
);

webTest("[WEB5] two viewers, one of them late, show the same lines once each and the same seq", async () => {
  const { session_id } = await startTask(server, COUNTS);
  await using early = await comes(browser, server);
  await using late = await comes(browser, server);
  await early.page.goto(`/sessions/${session_id}`);
  await early.page.getByText("number 5", { exact: true }).waitFor();
  await late.page.goto(`/sessions/${session_id}`);
  await late.page.getByText("number 20", { exact: true }).waitFor();
  await early.page.getByTitle("Administrator").nth(1).waitFor();
  await upload(server, session_id, "stop");
  await until(server, session_id, "complete");
  const head = await headOf(session_id);
  for (const { page } of [early, late]) {
    await untilSeq(page, head);
    const lines = await linesOn(page);
    assertEquals(lines, Array.from({ length: lines.length }, (_, i) => `number ${i + 1}`));
    assert(lines.length >= 20);
    assertEquals(await seqOn(page), head);
  }
  early.calm();
  late.calm();
});

webTest("[WEB6] what is answered in one page goes from the other, which says who answered and how", async () => {
  const { session_id } = await startTask(server, ASKS_FIRST);
  await using first = await comes(browser, server);
  await using second = await comes(browser, server);
  await using lister = await comes(browser, server);
  await lister.page.goto("/");
  await lister.page.getByRole("heading", { name: "Shall it begin?" }).waitFor();
  await first.page.goto(`/sessions/${session_id}`);
  await second.page.goto(`/sessions/${session_id}`);
  await second.page.getByRole("heading", { name: "Shall it begin?" }).waitFor();
  await first.page.getByRole("button", { name: /^Approve/ }).click();
  await status(first.page, "Completed");
  await second.page.getByText("Shall it begin? Answered by Administrator: approved.").waitFor();
  await second.page.getByRole("button", { name: /^Approve/ }).waitFor({ state: "detached" });
  await status(second.page, "Completed");
  await lister.page.getByRole("heading", { name: "Shall it begin?" }).waitFor({ state: "detached" });
  assertEquals(await first.page.getByText(/Answered by/).count(), 0);
  for (const person of [first, second, lister]) person.calm();
});

webTest("[WEB7] when both send, the second is told who was first; what it typed stays until it is closed", async () => {
  const { session_id } = await startTask(server, ASKS);
  await using first = await comes(browser, server);
  await using second = await comes(browser, server);
  for (const { page } of [first, second]) {
    await page.goto(`/sessions/${session_id}`);
    await page.getByRole("heading", { name: "Shall it go on?" }).waitFor();
  }
  await second.page.getByRole("textbox", { name: /Feedback/ }).fill("wait for the table");
  // The second answer leaves before the first has come back: held here until the first one is in the log.
  const held = Promise.withResolvers<void>();
  await second.page.route("**/resolve", async (route) => {
    await held.promise;
    await route.continue();
  });
  await second.page.getByRole("button", { name: /^Reject/ }).click();
  await first.page.getByRole("button", { name: /^Approve/ }).click();
  await until(server, session_id, "complete");
  held.resolve();
  await second.page.getByText(/Answered already by Administrator: approved/).waitFor();
  assertEquals(await second.page.getByRole("textbox", { name: /Feedback/ }).inputValue(), "wait for the table");
  await second.page.getByRole("button", { name: "Close" }).click();
  await second.page.getByText("after", { exact: true }).waitFor();
  first.calm();
  second.calm(REFUSED);
});
