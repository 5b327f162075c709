// The question for more of a budget in the browser: a sum is typed, checked at once, and is what the run goes on with.
import { assertEquals } from "@std/assert";
import type { Browser } from "playwright-core";
import { modelServer, streamed, USAGE } from "../llm/openai_server.ts";
import { launchBrowser } from "../support/browser.ts";
import { removeFolder } from "../support/remove_folder.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { violations } from "./support/accessible.ts";
import { ask, send, startTask } from "./support/api.ts";
import { endServer } from "./support/ending.ts";
import { flow } from "./support/flows.ts";
import { comes, sideways, webTest } from "./support/pages.ts";

const SPENDS = flow(
  "spends",
  `    await ctx.model("first", { agent: "a", messages: [{ role: "user", content: "Warm?" }] });
    return (await ctx.model("second", { agent: "a", messages: [{ role: "user", content: "And now?" }] })).text;`,
);
/** 120 tokens are used, as many are the next call's. */
const SHORT = { mode: "spends", maxTokens: 100 };
const models = modelServer(() => streamed({ text: ["It is warm."], usage: USAGE }));
let server: TestServer;
let browser: Browser;
let folder: string;

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "holdfast-flows-" });
  await Deno.writeTextFile(`${folder}/spends.ts`, SPENDS);
  const model = { OPENAI_BASE_URL: models.url, OPENAI_API_KEY: "sk-local-test", HOLDFAST_MODEL: "test-model" };
  [server, browser] = await Promise.all([
    startServer({ env: { ...model, HOLDFAST_WORKFLOWS: folder } }),
    launchBrowser(),
  ]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await endServer(server);
  await models[Symbol.asyncDispose]();
  await removeFolder(folder);
});

webTest(
  "[WEB-GATE4] a budget is raised to a typed sum, on a phone too: what is too little is said at once, the run goes on with it",
  async () => {
    const { session_id, run_id } = await startTask(server, "Spend", SHORT);
    await using person = await comes(browser, server, { width: 390, height: 844 });
    const { page, calm } = person;
    await page.goto(`/sessions/${session_id}`);
    const field = page.getByRole("textbox", { name: "New limit" });
    assertEquals(await field.inputValue(), "400");
    await page.getByText("At least 240 tokens, so that the next call can begin").waitFor();
    assertEquals([await sideways(page), await violations(page)], [0, []]);
    await field.fill("200");
    await page.getByText("Too little for the next call: at least 240 tokens").waitFor();
    const raise = page.getByRole("button", { name: "Raise to this limit" });
    assertEquals([await raise.isDisabled(), await violations(page)], [true, []]);
    await field.fill("250");
    await raise.click();
    await page.locator(".shead").getByText("Completed").waitFor();
    assertEquals((await ask(server, "GET", `/api/runs/${run_id}`))["result"], "It is warm.");
    calm();
  },
);

webTest("[WEB-GATE5] what was typed stays when somebody else answers; the run has their sum", async () => {
  const { session_id, run_id } = await startTask(server, "Spend", SHORT);
  await using person = await comes(browser, server);
  const { page, calm } = person;
  await page.goto(`/sessions/${session_id}`);
  const field = page.getByRole("textbox", { name: "New limit" });
  await field.fill("777");
  const { approvals } = await ask(server, "GET", `/api/approvals?session_id=${session_id}`);
  const [{ approval_id }] = approvals as [{ approval_id: string }];
  const to = (raise_to: number) =>
    send(server, "POST", `/api/approvals/${approval_id}/resolve`, {
      resolution: "approved",
      modifications: { raise_to },
    });
  assertEquals([(await to(1)).status, (await to(300)).status], [422, 200]);
  await page.getByText("What you typed was not sent").waitFor();
  assertEquals([await field.inputValue(), await field.isDisabled()], ["777", true]);
  await page.getByRole("button", { name: "Close" }).click();
  await page.locator(".shead").getByText("Completed").waitFor();
  assertEquals((await ask(server, "GET", `/api/runs/${run_id}`))["status"], "completed");
  calm();
});
