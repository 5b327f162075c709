// Every page, in both themes, wide and on a phone: rules of accessibility, nothing that scrolls sideways, no complaint of
// the browser. And what a page says when something is wrong, and a run without a mouse.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { violations } from "./support/accessible.ts";
import { startTask, until } from "./support/api.ts";
import { comes, sideways, webTest } from "./support/pages.ts";
import { ASKS, FAILS, PRINTS } from "./support/runbooks.ts";

let server: TestServer;
let browser: Browser;

Deno.test.beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await server.close();
});

const PLANNED = await Deno.readTextFile(new URL("../../examples/climate.md", import.meta.url));

/** A page in a state: where it is, and what is done there until it looks as it should. */
interface State {
  name: string;
  path: string;
  /** Seen without being logged in. */
  open?: true;
  ready(page: Page): Promise<unknown>;
}

/** Sessions of all kinds, and the pages that show them. */
async function states(): Promise<State[]> {
  const [done, asking, failed, planned] = await Promise.all([
    startTask(server, PRINTS),
    startTask(server, ASKS),
    startTask(server, FAILS),
    startTask(server, PLANNED, { mode: "planning-control" }),
  ]);
  await until(server, done.session_id, "complete");
  await until(server, failed.session_id, "complete");
  await until(server, asking.session_id, "approval_requested");
  await until(server, planned.session_id, "approval_requested");
  const tab = (name: string) => (page: Page) => page.getByRole("tab", { name: new RegExp(name) }).click();
  const at = ({ session_id }: { session_id: string }) => `/sessions/${session_id}`;
  return [
    { name: "login", path: "/login", open: true, ready: (page) => page.getByLabel("Token").waitFor() },
    {
      name: "used-link",
      path: "/login/link?code=used",
      open: true,
      ready: (page) => page.getByRole("heading", { name: "This link is used up" }).waitFor(),
    },
    { name: "list", path: "/", ready: (page) => page.getByRole("listitem").nth(3).waitFor() },
    { name: "no-match", path: "/?q=nothing-like-this", ready: (page) => page.getByText("Nothing here").waitFor() },
    { name: "new", path: "/new", ready: (page) => page.getByText("more options").click() },
    { name: "plan", path: at(planned), ready: openStep },
    { name: "question", path: at(asking), ready: (page) => page.getByText("Shall it go on?").first().waitFor() },
    { name: "console", path: at(done), ready: tab("Console") },
    { name: "talk", path: at(failed), ready: tab("Conversation") },
    { name: "files", path: at(done), ready: (page) => page.getByText("kept", { exact: true }).waitFor() },
    { name: "cost", path: at(planned), ready: tab("Cost") },
    { name: "cancel", path: at(asking), ready: (page) => page.getByRole("button", { name: "Cancel…" }).click() },
    { name: "menu", path: at(asking), ready: (page) => page.getByLabel("More").click() },
    { name: "missing", path: "/no/such/page", ready: (page) => page.getByText("No such page").waitFor() },
  ];
}

async function openStep(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Edit step 2" }).click();
  await page.getByRole("textbox", { name: "Title" }).fill("Another title");
}

webTest(
  "[WEB10] every page passes the rules of WCAG 2.2 AA in both themes, wide and on a phone, and none scrolls sideways",
  async () => {
    const wrong: string[] = [];
    const all = await states();
    await Promise.all([1440, 390].map(async (width) => {
      const size = { width, height: width === 390 ? 844 : 900 };
      await using stranger = await comes(browser, server, { ...size, stranger: true });
      await using known = await comes(browser, server, size);
      for (const { name, path, open, ready } of all) {
        const { page, calm } = open ? stranger : known;
        await page.goto(path);
        await ready(page);
        for (const colorScheme of ["light", "dark"] as const) {
          await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
          const found = await violations(page);
          wrong.push(...found.map((one) => `${name} ${width} ${colorScheme}: ${one}`));
        }
        const px = await sideways(page);
        if (px > 0) wrong.push(`${name} ${width}: scrolls sideways by ${px} px`);
        calm([/status of (404|410)/]);
      }
    }));
    assertEquals(wrong, []);
  },
);

webTest(
  "[WEB11] a wrong token is refused in words and may be typed again; the right one leads to where one wanted to go",
  async () => {
    await using person = await comes(browser, server, { stranger: true });
    const { page, calm } = person;
    await page.goto("/new?example=climate.md");
    const token = page.getByLabel("Token");
    assert(await token.evaluate((field) => field === document.activeElement));
    await token.fill("no-such-token-at-all-1234");
    await page.keyboard.press("Enter");
    assertStringIncludes(await page.getByRole("alert").innerText(), "this token is not known");
    await page.getByLabel("Token").fill(server.token);
    await page.keyboard.press("Enter");
    await page.waitForURL("**/new?example=climate.md");
    assertStringIncludes(await page.getByLabel("What should it do?").inputValue(), "# Global temperature since 1880");
    calm([/status of 401/]);
  },
);

webTest("[WEB12] a page that is not there says so, with the request id to quote and a way back", async () => {
  await using person = await comes(browser, server);
  const { page, calm } = person;
  for (const path of ["/no/such/page", "/sessions/00000000-0000-4000-8000-00000000ffff", "/sessions/nonsense"]) {
    const answer = await page.goto(path);
    assertEquals(answer?.status(), 404);
    await page.getByRole("heading", { name: "No such page" }).waitFor();
    assertEquals(await page.locator(".mono").innerText(), await answer?.headerValue("x-request-id"));
  }
  await page.getByRole("link", { name: "All sessions" }).click();
  await page.getByRole("heading", { name: "Sessions" }).waitFor();
  calm([/status of 404/]);
});

webTest("[WEB13] a run without a mouse: t, the text, Ctrl+Enter, a, a, and back to the list by g s", async () => {
  await using person = await comes(browser, server);
  const { page, calm } = person;
  await page.goto("/");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.keyboard.press("t");
  await page.waitForURL("**/new");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.keyboard.insertText(ASKS);
  await page.getByText("2 steps, 2 code blocks, asks you once").waitFor();
  await page.keyboard.press("Control+Enter");
  await page.getByRole("heading", { name: "Carry out this plan of 2 steps?" }).waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.keyboard.press("a");
  await page.getByRole("heading", { name: "Shall it go on?" }).waitFor();
  await page.keyboard.press("a");
  await page.locator(".shead").getByText("Completed").waitFor();
  await page.getByText("after", { exact: true }).waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("s");
  await page.getByRole("listitem").first().waitFor();
  await page.getByText("Live", { exact: true }).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.waitForURL("**/sessions/*");
  calm();
});

webTest("[WEB14] a draft outlives a reload; an option that does not fit is named before the start", async () => {
  await using person = await comes(browser, server);
  const { page, calm } = person;
  await page.goto("/new");
  await page.getByText("Live", { exact: true }).waitFor();
  await page.getByLabel("What should it do?").fill("Count the boats.");
  await page.getByLabel(/Most steps/).fill("0");
  await page.getByText("Needs a look: Most steps.").waitFor();
  assert(await page.getByRole("button", { name: /Start task/ }).isDisabled());
  await page.getByRole("button", { name: "Reset to defaults" }).click();
  assert(await page.getByRole("button", { name: /Start task/ }).isEnabled());
  await page.reload();
  await page.getByText("plain text").waitFor();
  assertEquals(await page.getByLabel("What should it do?").inputValue(), "Count the boats.");
  calm();
});
