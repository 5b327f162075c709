// The line between page and server breaks: kill -9, the same port and data again, and the page goes on by itself.
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { allEvents, startTask, until } from "./support/api.ts";
import { comes, linesOn, seqOn, untilSeq, upload, webTest } from "./support/pages.ts";
import { COUNTS } from "./support/runbooks.ts";
import { removeFolder } from "../support/remove_folder.ts";

/** Prints, waits for a person, prints again: the server dies while it waits. */
const BEFORE_AND_AFTER = `# Outlives its server

## Before

\`\`\`ts
for (let i = 1; i <= 30; i++) console.log("line " + i);
\`\`\`

## After

> approve: Shall it go on?

\`\`\`ts
for (let i = 31; i <= 60; i++) console.log("line " + i);
\`\`\`
`;
/** A server that is gone is told by the browser for each try to reach it. */
const GONE = [/WebSocket connection to/, /ERR_CONNECTION_REFUSED/, /ERR_CONNECTION_RESET/, /ERR_EMPTY_RESPONSE/];

/** A server that can be killed and started again on the same port and data, and a browser. */
async function withOutage(run: (place: Place) => Promise<void>): Promise<void> {
  const data = await Deno.makeTempDir({ prefix: "holdfast-line-" });
  const [browser, first] = await Promise.all([launchBrowser(), startServer({ data })]);
  let server = first;
  try {
    await run({
      server,
      browser,
      again: async () => void (server = await startServer({ data, port: first.port })),
    });
  } finally {
    await browser.close();
    await server.close();
    await removeFolder(data);
  }
}
interface Place {
  server: TestServer;
  browser: Browser;
  /** Starts the server again. */
  again(): Promise<void>;
}
/** Marks the page, so that a reload would be seen. */
const mark = (page: Page) => page.evaluate(() => void ((globalThis as { stayed?: boolean }).stayed = true));
const stayed = (page: Page) => page.evaluate(() => (globalThis as { stayed?: boolean }).stayed === true);

webTest(
  "[WEB8] kill -9 while a page waits for an answer: the banner says what is known, nothing typed is lost, the answer is taken after the restart",
  () =>
    withOutage(async ({ server, browser, again }) => {
      const { session_id } = await startTask(server, BEFORE_AND_AFTER);
      await using person = await comes(browser, server);
      const { page, calm } = person;
      await page.goto(`/sessions/${session_id}`);
      await page.getByRole("heading", { name: "Shall it go on?" }).waitFor();
      await mark(page);
      await page.getByRole("textbox", { name: /Feedback/ }).fill("typed before");
      const known = await seqOn(page);

      await server.kill();
      await page.getByText("Not connected.").waitFor();
      await page.getByText(`Shown: everything up to seq ${known}`).waitFor();
      await page.getByText("Offline", { exact: true }).waitFor();
      assert(await page.getByRole("button", { name: /^Approve/ }).isDisabled());

      await again();
      await page.getByText("Live", { exact: true }).waitFor();
      await page.getByText("Not connected.").waitFor({ state: "detached" });
      assertEquals(await page.getByRole("textbox", { name: /Feedback/ }).inputValue(), "typed before");
      await page.getByRole("button", { name: /^Approve/ }).click();
      await page.getByText("line 60", { exact: true }).waitFor();
      assertEquals(await linesOn(page), Array.from({ length: 60 }, (_, i) => `line ${i + 1}`));
      assert(await stayed(page));
      calm(GONE);
    }),
);

webTest(
  "[WEB9] kill -9 while lines stream: the page resumes without a reload and shows what the log holds, each line once",
  () =>
    withOutage(async ({ server, browser, again }) => {
      const { session_id } = await startTask(server, COUNTS);
      await using person = await comes(browser, server);
      const { page, calm } = person;
      await page.goto(`/sessions/${session_id}`);
      await page.getByText("number 10", { exact: true }).waitFor();
      await mark(page);
      await server.kill();
      await page.getByText("Not connected.").waitFor();
      await again();
      await upload(server, session_id, "stop");
      await until(server, session_id, "complete");
      const events = await allEvents(server, session_id);
      await untilSeq(page, events.at(-1)?.seq ?? 0);
      const printed = events.filter(({ event_type }) => event_type === "output");
      assertEquals(await linesOn(page), printed.map(({ data }) => `${data["message"]}`));
      assert(printed.length >= 10);
      assert(await stayed(page));
      calm(GONE);
    }),
);
