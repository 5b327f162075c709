// A first run in the browser, from the link that the server printed to the report.
import { assert, assertEquals, assertGreater } from "@std/assert";
import { Buffer } from "node:buffer";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { until } from "./support/api.ts";
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

webTest(
  "[WEB16] an input file is uploaded before the run begins, the run reads it, and it stands among the files",
  async () => {
    await using person = await comes(browser, server);
    const { page, calm } = person;
    await page.goto("/new?mode=one-shot");
    await page.getByText("Live", { exact: true }).waitFor();
    const file = { name: "boats.csv", mimeType: "text/csv", buffer: Buffer.from("name,length\nAnna,12\n") };
    await page.getByLabel(/Add files/).setInputFiles([file]);
    await page.getByLabel("What should it do?").fill(
      "# Reads the boats\n\n## Read\n\n```ts\nconsole.log(await Deno.readTextFile('boats.csv'));\n```\n",
    );
    await page.getByRole("button", { name: /Start task/ }).click();
    await page.getByText("Anna,12", { exact: true }).waitFor();
    assertEquals(await page.getByRole("heading", { level: 1 }).innerText(), "Reads the boats");
    await page.getByRole("tab", { name: /Files\s*1/ }).click();
    await page.getByRole("button", { name: /boats\.csv/ }).click();
    await page.locator(".text-x").filter({ hasText: "Anna,12" }).waitFor();
    calm();
  },
);

webTest("[WEB17] without JavaScript one logs in, starts an example and sees how it stands", async () => {
  await using person = await comes(browser, server, { stranger: true, plain: true });
  const { page, calm } = person;
  await page.goto("/new?example=climate.md");
  await page.getByLabel("Token").fill(server.token);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByRole("button", { name: /Start task/ }).click();
  await page.waitForURL("**/sessions/*");
  await until(server, page.url().split("/").at(-1) ?? "", "approval_requested");
  await page.reload();
  await page.getByRole("heading", { name: "Carry out this plan of 5 steps?" }).waitFor();
  calm([/\.js csp$/]);
});
