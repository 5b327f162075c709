// The console of a session's page: its end, its long lines, following; and that a view outlives a reload.
import { assert, assertEquals } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { startTask, until } from "./support/api.ts";
import { endServer } from "./support/ending.ts";
import { comes, sideways, upload, webTest } from "./support/pages.ts";
import { COUNTS, FAILS } from "./support/runbooks.ts";

let server: TestServer;
let browser: Browser;

Deno.test.beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await endServer(server);
});

const MANY = `# Prints much

## Print

\`\`\`ts
console.log("x".repeat(5000));
for (let i = 1; i <= 2900; i++) console.log("line " + i);
console.log("y".repeat(3000));
\`\`\`
`;
/** Waits until the console shows its end, or, with `false`, something above it. */
const atEnd = (page: Page, end: boolean) =>
  page.waitForFunction((wanted) => {
    const pane = document.querySelector(".con");
    return pane !== null && (pane.scrollHeight - pane.scrollTop - pane.clientHeight < 30) === wanted;
  }, end);
const following = (page: Page) => page.getByLabel("Follow").isChecked();

webTest("[WEB18] a long log opens at its end, wraps what has no break, and goes back to its first line", async () => {
  const { session_id } = await startTask(server, MANY);
  await until(server, session_id, "complete");
  for (const width of [1440, 390]) {
    await using person = await comes(browser, server, { width, height: 844 });
    const { page, calm } = person;
    await page.goto(`/sessions/${session_id}`);
    await page.getByText("Live", { exact: true }).first().waitFor({ state: "attached" });
    await atEnd(page, true);
    const pane = page.locator(".con");
    assert(await pane.evaluate((one) => one.scrollWidth <= one.clientWidth));
    assertEquals(await sideways(page), 0);
    await pane.evaluate((one) => one.scrollTop = 0);
    await atEnd(page, false);
    await page.getByRole("button", { name: "Show earlier lines" }).click();
    await page.getByText("2,902 of 2,902 lines").waitFor();
    await page.getByText("the rest of this line is in the export").waitFor({ state: "attached" });
    // All of the console and its foot can be seen without moving the page.
    const foot = await page.locator(".conft").boundingBox();
    assert(foot !== null && foot.y + foot.height <= 844);
    calm();
  }
});

webTest(
  "[WEB19] following stops by wheel, keys and scroll bar alike; new lines are counted and lead back",
  async () => {
    const { session_id } = await startTask(server, COUNTS);
    await using person = await comes(browser, server);
    const { page, calm } = person;
    await page.goto(`/sessions/${session_id}`);
    await page.getByText("number 100", { exact: true }).waitFor();
    const pane = page.locator(".con");
    const ways = [
      async () => {
        await pane.hover();
        await page.mouse.wheel(0, -400);
      },
      async () => {
        await pane.focus();
        await page.keyboard.press("PageUp");
      },
      () => pane.evaluate((one) => void (one.scrollTop = 10)),
    ];
    for (const goUp of ways) {
      await atEnd(page, true);
      await goUp();
      const more = page.getByRole("button", { name: /new lines?$/ });
      await more.waitFor();
      assert(!await following(page));
      await more.click();
      await atEnd(page, true);
      assert(await following(page));
    }
    await upload(server, session_id, "stop");
    await until(server, session_id, "complete");
    calm();
  },
);

webTest("[WEB20] a view has an address: a reload shows it again, in the time of who reads it", async () => {
  const { session_id } = await startTask(server, FAILS);
  await until(server, session_id, "complete");
  await using person = await comes(browser, server);
  const { page, calm } = person;
  await page.goto(`/sessions/${session_id}`);
  await page.getByRole("tab", { name: /Console/ }).click();
  await page.waitForURL(/#console$/);
  await page.reload();
  await page.locator("[role=tab][aria-selected=true]").getByText("Console").waitFor();
  const told = await page.locator(".ln > :nth-child(2)").first().innerText();
  const title = await page.locator(".ln > :nth-child(2)").first().getAttribute("title") ?? "";
  assertEquals(
    told,
    await page.evaluate((time) => {
      const { second, minute } = { second: new Date(time).getSeconds(), minute: new Date(time).getMinutes() };
      const two = (n: number) => `${n}`.padStart(2, "0");
      return `${two(minute)}:${two(second)}.${time.slice(20, 23)}`;
    }, title),
  );
  calm();
});
