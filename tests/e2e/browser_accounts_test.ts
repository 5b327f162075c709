// What people do with tokens, with several sessions at once, with all files, and with a run that they stop and repeat.
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { readZip } from "../sandbox/zip_reader.ts";
import { endServer } from "./support/ending.ts";
import { ask, startTask, until } from "./support/api.ts";
import { violations } from "./support/accessible.ts";
import { comes, sideways, upload, webTest } from "./support/pages.ts";
import { COUNTS, PRINTS } from "./support/runbooks.ts";

let server: TestServer;
let browser: Browser;

Deno.test.beforeAll(async () => {
  [server, browser] = await Promise.all([startServer(), launchBrowser()]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await endServer(server);
});

webTest(
  "[WEBACC1] a token is made, its secret is shown once; revoking it logs its person out in an open window",
  async () => {
    await using admin = await comes(browser, server);
    const { page } = admin;
    await page.goto("/settings");
    await page.getByLabel("What it is for").fill("Laptop of Anna");
    await page.getByLabel("Id of the person").fill("anna");
    await page.getByLabel("Name").fill("Anna");
    await page.getByRole("button", { name: "Make token" }).click();
    const secret = await page.locator("[data-secret]").innerText();
    assertMatch(secret, /^[A-Za-z0-9_-]{43}$/);
    assertEquals(await violations(page), []);
    assertEquals(await sideways(page), 0);
    await page.getByRole("button", { name: "I have it" }).click();
    await page.reload();
    assert(!(await page.content()).includes(secret));
    await using anna = await comes(browser, { ...server, token: secret });
    await anna.page.goto("/settings");
    await anna.page.getByText("Your tokens").waitFor();
    assertEquals(await anna.page.locator("tr[data-token]").count(), 1);
    await anna.page.goto("/");
    await anna.page.getByText("Live", { exact: true }).waitFor();
    await page.getByRole("button", { name: /^Revoke Laptop of Anna/ }).click();
    await page.getByRole("button", { name: "Revoke the token" }).click();
    await page.locator("tr[data-token]").filter({ hasText: "Laptop of Anna" }).waitFor({ state: "detached" });
    await anna.page.getByText("Live", { exact: true }).waitFor({ state: "detached" });
    await anna.page.goto("/");
    assertMatch(anna.page.url(), /\/login$/);
    admin.calm();
  },
);

webTest("[WEBACC2] several sessions are chosen and deleted after a question; what cannot be done is said", async () => {
  const made = [];
  for (let n = 0; n < 3; n++) {
    made.push(`${(await ask(server, "POST", "/api/sessions", { mode: "one-shot", name: `Pick ${n}` }))["session_id"]}`);
  }
  await using person = await comes(browser, server);
  const { page } = person;
  await page.goto("/?q=Pick");
  await page.getByRole("checkbox", { name: "Choose Pick 0" }).check();
  await page.getByRole("checkbox", { name: "Choose Pick 1" }).check();
  const bar = page.getByRole("toolbar", { name: "Chosen sessions" });
  await bar.getByText("2 chosen").waitFor();
  assertEquals(await violations(page), []);
  await bar.getByRole("button", { name: "Suspend" }).click();
  await page.getByText("2 suspended.").waitFor();
  await bar.waitFor({ state: "detached" });
  await page.getByRole("checkbox", { name: "Choose Pick 0" }).check();
  await page.getByRole("checkbox", { name: "Choose Pick 2" }).check();
  await bar.getByRole("button", { name: "Cancel…" }).click();
  await page.getByRole("button", { name: "Cancel the runs" }).click();
  await page.getByText(/0 stopped, 2 not: Cannot cancel/).waitFor();
  await bar.getByText("2 chosen").waitFor();
  await bar.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete 2 sessions" }).click();
  await page.getByText("2 deleted.").waitFor();
  await page.getByRole("checkbox", { name: "Choose Pick 0" }).waitFor({ state: "detached" });
  assertEquals(await page.getByRole("checkbox").count(), 1);
  person.calm();
});

webTest("[WEBACC6] after a click on a box the keys of the list still move and choose", async () => {
  for (let n = 0; n < 2; n++) await ask(server, "POST", "/api/sessions", { mode: "one-shot", name: `Key ${n}` });
  await using person = await comes(browser, server);
  const { page } = person;
  await page.goto("/?q=Key");
  await page.getByRole("checkbox").first().click();
  const bar = page.getByRole("toolbar", { name: "Chosen sessions" });
  await bar.getByText("1 chosen").waitFor();
  for (const key of ["j", "j", "x"]) await page.keyboard.press(key);
  await bar.getByText("2 chosen").waitFor();
  person.calm();
});

webTest("[WEBACC7] what became of a verb is seen wherever the list was scrolled to", async () => {
  for (let n = 0; n < 12; n++) await ask(server, "POST", "/api/sessions", { mode: "one-shot", name: `Row ${n}` });
  await using person = await comes(browser, server, { height: 420 });
  const { page } = person;
  await page.goto("/?q=Row");
  await page.getByRole("checkbox").nth(9).check();
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.getByRole("button", { name: "Suspend", exact: true }).click();
  const said = await page.getByText("1 suspended.").boundingBox();
  assert(said !== null && said.y >= 48 && said.y < 420);
  person.calm();
});

webTest("[WEBACC3] all files of a session come as one archive", async () => {
  const { session_id } = await startTask(server, PRINTS);
  await until(server, session_id, "complete");
  await using person = await comes(browser, server);
  const { page } = person;
  await page.goto(`/sessions/${session_id}`);
  await page.getByRole("tab", { name: /Files/ }).click();
  const [download] = await Promise.all([
    page.waitForEvent("download"),
    page.getByRole("link", { name: "All as ZIP" }).click(),
  ]);
  const path = await download.path();
  const files = readZip(await Deno.readFile(path));
  assertEquals(new TextDecoder().decode(files.get("note.txt")), "kept\n");
  person.calm();
});

webTest(
  "[WEBACC4] a pause that is asked is said at once, in both windows; it can be hurried and taken back",
  async () => {
    const { session_id } = await startTask(server, COUNTS);
    await using one = await comes(browser, server);
    await using two = await comes(browser, server);
    for (const { page } of [one, two]) {
      await page.goto(`/sessions/${session_id}`);
      await page.getByText("number 3", { exact: true }).waitFor();
    }
    await one.page.getByRole("button", { name: "Pause", exact: true }).click();
    for (const { page } of [one, two]) await page.getByText(/^Pauses after this step: /).first().waitFor();
    await two.page.getByRole("button", { name: "Go on" }).click();
    await one.page.getByRole("button", { name: "Pause", exact: true }).waitFor();
    await one.page.getByRole("button", { name: "Pause", exact: true }).click();
    await two.page.getByRole("button", { name: "Pause now" }).click();
    for (const { page } of [one, two]) {
      await page.locator(".shead .st").getByText("Paused", { exact: true }).waitFor();
    }
    await upload(server, session_id, "stop");
    await one.page.getByRole("button", { name: "Resume" }).click();
    await until(server, session_id, "complete");
    one.calm();
    two.calm();
  },
);

webTest("[WEBACC5] a step is repeated from the tree: a new run that keeps what was finished before it", async () => {
  const { session_id } = await startTask(server, TWO_STEPS);
  await until(server, session_id, "complete");
  await using person = await comes(browser, server);
  const { page } = person;
  await page.goto(`/sessions/${session_id}`);
  await page.getByRole("treeitem", { name: /Second/ }).hover();
  const second = page.getByRole("treeitem", { name: /Second/ });
  await second.hover();
  await second.getByRole("button", { name: "Retry from here: Second", includeHidden: true }).click();
  await page.getByRole("tab", { name: /Files/ }).click();
  await page.getByRole("button", { name: /^second-2/ }).waitFor();
  await page.locator(".shead .st").getByText("Completed", { exact: true }).waitFor();
  assertEquals(await page.getByRole("button", { name: /^first-2/ }).count(), 0);
  const runs = (await ask(server, "GET", `/api/sessions/${session_id}/runs`))["runs"];
  assert(Array.isArray(runs) && runs.length === 2);
  person.calm();
});

/** Each block counts how often it ran by the files that it leaves. */
const counting = (name: string) =>
  `\`\`\`ts
let n = 1;
const there = async (path: string) => await Deno.stat(path).then(() => true, () => false);
while (await there(\`${name}-\${n}\`)) n++;
await Deno.writeTextFile(\`${name}-\${n}\`, "");
\`\`\`
`;
const TWO_STEPS = `# Two steps

## First

${counting("first")}
## Second

${counting("second")}`;
