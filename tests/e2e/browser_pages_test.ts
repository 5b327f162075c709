// Every page, in both themes, wide and on a phone: rules of accessibility, nothing that scrolls sideways, no complaint of
// the browser. And what a page says when something is wrong, and a run without a mouse.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { Browser, Page } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { endServer } from "./support/ending.ts";
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
  await endServer(server);
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

/** What is wrong with a page in both themes, wide and on a phone. */
async function faults(page: Page, name: string): Promise<string[]> {
  const wrong: string[] = [];
  for (const [width, height] of [[1440, 900], [390, 844]] as const) {
    await page.setViewportSize({ width, height });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      wrong.push(...(await violations(page)).map((one) => `${name} ${width} ${colorScheme}: ${one}`));
    }
    const px = await sideways(page);
    if (px > 0) wrong.push(`${name} ${width}: scrolls sideways by ${px} px`);
  }
  return wrong;
}

webTest(
  "[WEB10] every page passes the rules of WCAG 2.2 AA in both themes, wide and on a phone, and none scrolls sideways",
  async () => {
    const wrong: string[] = [];
    const left = await states();
    // Two windows share the work.
    await Promise.all([1, 2].map(async () => {
      await using known = await comes(browser, server);
      await using stranger = await comes(browser, server, { stranger: true });
      for (let state = left.shift(); state !== undefined; state = left.shift()) {
        const { page, calm } = state.open ? stranger : known;
        await page.setViewportSize({ width: 1440, height: 900 });
        await page.goto(state.path);
        await state.ready(page);
        wrong.push(...await faults(page, state.name));
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

webTest(
  "[WEB15] between phone and desk too, no cell of the list lies over another and nothing scrolls sideways",
  async () => {
    const { session_id } = await startTask(server, ASKS);
    await until(server, session_id, "approval_requested");
    await using person = await comes(browser, server);
    const { page } = person;
    await page.goto("/");
    await page.getByRole("listitem").first().waitFor();
    for (const width of [360, 390, 768, 1024, 1240, 1440, 2560]) {
      await page.setViewportSize({ width, height: 900 });
      assertEquals(await page.locator(".lh, .sr").evaluateAll(overlapping), [], `${width} px`);
      assertEquals(await sideways(page), 0, `${width} px`);
    }
  },
);

/** Texts of the rows of which one cell lies over another. Runs in the page. */
function overlapping(rows: Element[]): (string | null)[] {
  return rows.flatMap((row) => {
    // A cell is as wide as what stands in it, also where that hangs over its edge.
    const cells = [...row.children].flatMap((cell) => {
      const { x, y, width, height } = cell.getBoundingClientRect();
      return width === 0 ? [] : [new DOMRect(x, y, Math.max(width, cell.scrollWidth), height)];
    });
    const meet = (a: DOMRect, b: DOMRect) =>
      a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
    return cells.some((a, i) => cells.slice(i + 1).some((b) => meet(a, b))) ? [row.textContent] : [];
  });
}
