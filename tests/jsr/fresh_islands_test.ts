// Islands in a real browser: the fixture app is built in memory, served on a free port and clicked.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Page } from "playwright-core";
import { Builder } from "fresh/dev";
import { launchBrowser } from "../support/browser.ts";
import { app } from "./fixture/main.ts";

const attach = await new Builder({ root: new URL("./fixture", import.meta.url).href }).build({ snapshot: "memory" });
attach(app);

type Visit = { page: Page; errors: string[] };

async function visit(path: string, look: (visit: Visit) => Promise<void>): Promise<void> {
  await using server = Deno.serve({ port: 0, onListen: () => {} }, app.handler());
  await using browser = await launchBrowser();
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    const isFavicon = message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && !isFavicon) errors.push(message.text());
  });
  await page.goto(`http://localhost:${server.addr.port}${path}`);
  await look({ page, errors });
  assertEquals(errors, []);
}

Deno.test("[FR-I1] a signal given to several islands is one signal in the browser, in slots too", async () => {
  await visit("/", async ({ page }) => {
    await page.click("#counter-a");
    for (const id of ["a", "b", "inner"]) {
      await page.locator(`#counter-${id}`, { hasText: "4 of" }).waitFor();
    }
    await page.click("#counter-inner");
    await page.locator("#counter-a", { hasText: "5 of" }).waitFor();
  });
});

Deno.test("[FR-I2] a computed signal arrives as a constant", async () => {
  await visit("/", async ({ page }) => {
    await page.click("#counter-b");
    await page.locator("#counter-b", { hasText: "4 of 6" }).waitFor();
  });
});

Deno.test("[FR-I3] a module imported by several islands is one module", async () => {
  await visit("/", async ({ page }) => {
    await page.click("#counter-a");
    await page.locator("#clock", { hasText: "visits 1" }).waitFor();
    assertEquals(await page.getAttribute("#clock", "class"), "browser");
  });
});

Deno.test("[FR-I4] content from the server can be hidden and shown again, and shown late", async () => {
  await visit("/", async ({ page }) => {
    await page.click("#panel-open > button");
    await page.locator(".slotted").waitFor({ state: "detached" });
    await page.click("#panel-open > button");
    assertEquals(await page.innerHTML(".slotted"), "from the <b>server</b>");
    assert(await page.isChecked("#panel-open input"));
    assert(await page.isDisabled("#panel-open input"));
    await page.click("#panel-closed > button");
    assertEquals(await page.innerText("#hidden"), "was hidden");
    await page.click("#counter-inner");
    await page.locator("#counter-a", { hasText: "4 of" }).waitFor();
  });
});

Deno.test("[FR-I5] reviving takes over the server's elements and adds none", async () => {
  await visit("/", async ({ page }) => {
    // The runtime is held back until the server's own element carries a mark.
    await page.route("**/fresh-runtime.js", async (route) => {
      await page.locator("#counter-inner").evaluate((element) => Object.assign(element, { mark: "server" }));
      await route.continue();
    });
    await page.reload();
    await page.locator("#clock.browser").waitFor();
    await page.click("#counter-inner");
    await page.locator("#counter-inner", { hasText: "4 of" }).waitFor();
    const mark = await page.locator("#counter-inner").evaluate((element) => Reflect.get(element, "mark"));
    assertEquals(mark, "server");
    assertEquals(await page.locator("main > *").count(), 10);
    assertEquals(await page.innerText("#names"), "x+y 0 undefined 007");
  });
});

Deno.test("[FR-I6] text that would end a script comes through unharmed", async () => {
  await visit("/beside", async ({ page }) => {
    assertEquals(await page.innerText(".beside"), "</script><!-- & more");
  });
});

Deno.test("[FR-I7] Head inside an island changes the live head", async () => {
  await visit("/live-head", async ({ page }) => {
    assertEquals(await page.title(), "Count 0");
    await page.click("#more");
    await page.waitForFunction(() => document.title === "Count 1");
    const descriptions = page.locator("meta[name=description]");
    assertEquals(await descriptions.count(), 1);
    assertEquals(await descriptions.getAttribute("content"), "count 1");
  });
});

Deno.test("[FR-I8] modules of the build may be kept for good", async () => {
  await visit("/", async ({ page }) => {
    const answer = page.waitForResponse((response) => response.url().endsWith("/fresh-runtime.js"));
    await page.reload();
    const headers = (await answer).headers();
    assertStringIncludes(headers["cache-control"] ?? "", "immutable");
    assertStringIncludes(headers["content-type"] ?? "", "text/javascript");
  });
});
