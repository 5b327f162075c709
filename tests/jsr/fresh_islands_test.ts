// Islands in a real browser: the fixture app is built in memory, served on a free port and clicked.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { afterAll, beforeAll, describe, it } from "@std/testing/bdd";
import type { Browser, Page } from "playwright-core";
import { Builder } from "fresh/dev";
import { launchBrowser } from "../support/browser.ts";
import { app } from "./fixture/main.ts";

const attach = await new Builder({ root: new URL("./fixture", import.meta.url).href }).build({ snapshot: "memory" });
attach(app);

const handler = app.handler();

let server: Deno.HttpServer<Deno.NetAddr>;
let browser: Browser;

async function visit(path: string, look: (page: Page) => Promise<void>): Promise<void> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    const isFavicon = message.location().url.endsWith("/favicon.ico");
    if (message.type() === "error" && !isFavicon) errors.push(message.text());
  });
  await page.goto(`http://localhost:${server.addr.port}${path}`);
  await look(page);
  assertEquals(errors, []);
  await page.close();
}

describe("islands in a browser", () => {
  beforeAll(async () => {
    server = Deno.serve({ port: 0, onListen: () => {} }, handler);
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser.close();
    await server.shutdown();
  });

  it("[FR-I1] a signal given to several islands is one signal in the browser, in slots too", async () => {
    await visit("/", async (page) => {
      await page.click("#counter-a");
      for (const id of ["a", "b", "inner"]) {
        await page.locator(`#counter-${id}`, { hasText: "4 of" }).waitFor();
      }
      await page.click("#counter-inner");
      await page.locator("#counter-a", { hasText: "5 of" }).waitFor();
    });
  });

  it("[FR-I2] a computed signal arrives as a constant", async () => {
    await visit("/", async (page) => {
      await page.click("#counter-b");
      await page.locator("#counter-b", { hasText: "4 of 6" }).waitFor();
    });
  });

  it("[FR-I3] a module imported by several islands is one module", async () => {
    await visit("/", async (page) => {
      await page.click("#counter-a");
      await page.locator("#clock", { hasText: "visits 1" }).waitFor();
      assertEquals(await page.getAttribute("#clock", "class"), "browser");
    });
  });

  it("[FR-I4] content from the server can be hidden and shown again, and shown late", async () => {
    await visit("/", async (page) => {
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

  it("[FR-I5] reviving takes over the server's elements and adds none", async () => {
    await visit("/", async (page) => {
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

  it("[FR-I6] text that would end a script comes through unharmed", async () => {
    await visit("/beside", async (page) => {
      assertEquals(await page.innerText(".beside"), "</script><!-- & more");
    });
  });

  it("[FR-I7] Head inside an island changes the live head", async () => {
    await visit("/live-head", async (page) => {
      assertEquals(await page.title(), "Count 0");
      await page.click("#more");
      await page.waitForFunction(() => document.title === "Count 1");
      const descriptions = page.locator("meta[name=description]");
      assertEquals(await descriptions.count(), 1);
      assertEquals(await descriptions.getAttribute("content"), "count 1");
    });
  });

  it("[FR-I9] every kind of value arrives as what it was, shared and cyclic references too", async () => {
    await visit("/kinds", async (page) => {
      const onServer = /<pre>(.*?)<\/pre>/s.exec(await (await ask("/kinds")).text())?.[1]?.replaceAll("&lt;", "<");
      await page.locator("#show.browser").waitFor();
      assertEquals(await page.innerText("#show pre"), onServer);
      assertEquals(await page.innerText("#show > b"), "as a prop");
    });
  });

  it("[FR-I10] an island inside another one's own output works as a part of it", async () => {
    await visit("/outer", async (page) => {
      await page.click("#counter-own");
      await page.locator("#counter-own", { hasText: "1 of 1" }).waitFor();
    });
  });

  it("[FR-I8] modules of the build may be kept for good", async () => {
    await visit("/", async (page) => {
      const answer = page.waitForResponse((response) => response.url().endsWith("/fresh-runtime.js"));
      await page.reload();
      const headers = (await answer).headers();
      assertStringIncludes(headers["cache-control"] ?? "", "immutable");
      assertStringIncludes(headers["content-type"] ?? "", "text/javascript");
    });
  });
});

async function ask(path: string): Promise<Response> {
  return await handler(new Request(`http://localhost${path}`));
}

Deno.test("[FR-I11] functions and JSX deep inside props are refused, instances become plain objects", async () => {
  const refused = { function: "Cannot stringify a function", deep: "Cannot send JSX that lies deep" };
  for (const [what, text] of Object.entries(refused)) {
    const answer = await ask(`/kinds?${what}`);
    assertEquals(answer.status, 500, what);
    assertStringIncludes(await answer.text(), text);
  }
  assertStringIncludes(await (await ask("/kinds?class")).text(), String.raw`[\"Fields\",`);
});

Deno.test("[FR-I12] only the outermost island is marked", async () => {
  const html = await (await ask("/outer")).text();
  assertStringIncludes(html, "<!--frsh:island:Outer:0-->");
  assert(!html.includes("frsh:island:Counter"));
});
