// A first run in the browser, from the link that the server printed to the report.
import { assert, assertEquals, assertGreater } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { endServer } from "./support/ending.ts";
import { comes, webTest } from "./support/pages.ts";

let server: TestServer;
let browser: Browser;

Deno.test.beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await endServer(server);
});

/** Width of a picture as it is in its file, once it is there. */
async function drawnWidth(page: Page, alt: string): Promise<number> {
  const image = page.getByRole("img", { name: alt });
  await image.waitFor();
  return await image.evaluate(async (element) => {
    const picture = element as HTMLImageElement;
    await picture.decode();
    return picture.naturalWidth;
  });
}

webTest(
  "[WEB1] from the printed link to the report: an example, its plan edited and approved, live lines, a second yes, files",
  async () => {
    await using person = await comes(browser, server, { stranger: true });
    const { page, calm } = person;
    await page.goto(server.login_link);
    await page.getByRole("button", { name: "Log in on this device" }).click();
    await page.getByRole("heading", { name: "Nothing has run yet" }).waitFor();
    await page.getByRole("link", { name: "New task" }).first().click();
    await page.getByRole("link", { name: "Global temperature since 1880" }).click();
    await page.getByText("5 steps, 5 code blocks, asks you once").waitFor();
    assert(await page.getByRole("radio", { name: /Plan and control/ }).isChecked());
    await page.getByRole("button", { name: /Start task/ }).click();
    await editAndApprove(page);

    await page.getByText("144 rows, columns: year,temp").waitFor();
    await page.getByRole("treeitem", { name: /Clean the table/ }).waitFor();
    await page.getByRole("heading", { name: "The figures and chart.svg are ready. Write report.md from them?" })
      .waitFor();
    await page.getByRole("link", { name: /1\s*needs you/ }).waitFor();
    await page.getByRole("button", { name: /^Approve/ }).click();
    await page.locator(".shead").getByText("Completed").waitFor();

    await page.getByRole("tab", { name: /Files/ }).click();
    await page.getByRole("heading", { name: "Global temperature, 1880 to 2023" }).waitFor();
    assertGreater(await drawnWidth(page, "Yearly mean temperature and its trends"), 0);
    await page.getByRole("button", { name: /chart\.svg/ }).click();
    assertGreater(await drawnWidth(page, "chart.svg"), 0);
    await page.getByRole("link", { name: "Sessions" }).first().click();
    const row = page.getByRole("listitem").filter({ hasText: "Global temperature since 1880" });
    await row.getByText("Completed").waitFor();
    await row.getByText("5 of 5").waitFor();
    calm();
  },
);

/** Reads the plan that is asked about, gives its second step another title, and approves. */
async function editAndApprove(page: Page): Promise<void> {
  await page.getByRole("heading", { name: "Carry out this plan of 5 steps?" }).waitFor();
  assertEquals(await page.getByRole("heading", { level: 1 }).innerText(), "Global temperature since 1880");
  const titles = await page.locator(".plan-x .h").allInnerTexts();
  assertEquals(titles, ["Load the table", "Clean it", "Fit the trend", "Draw the chart", "Write the report"]);
  await page.getByRole("button", { name: "Edit step 2" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Clean the table");
  await page.getByRole("button", { name: "Approve with 1 change" }).click();
}
