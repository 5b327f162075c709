// Questions about a host and about a call of a tool in the browser: what is read, what the buttons do, what stands after.
import { assertEquals } from "@std/assert";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../support/browser.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { violations } from "./support/accessible.ts";
import { ask, send, startTask } from "./support/api.ts";
import { endServer } from "./support/ending.ts";
import { flow } from "./support/flows.ts";
import { comes, sideways, webTest } from "./support/pages.ts";
import { removeFolder } from "../support/remove_folder.ts";

let server: TestServer;
let browser: Browser;
let folder: string;
const seen: string[] = [];
const site = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
  seen.push(new URL(request.url).pathname);
  return new Response("twelve rows");
});
const host = `localhost:${(site.addr as Deno.NetAddr).port}`;
const SENDS = flow(
  "sends",
  `    const sent = await ctx.callTool("files_write", { path: "letter.txt", content: "Dear all" }, {
      gate: { title: "Write the letter to letter.txt?", description: "It goes to everybody on the list." },
    });
    return sent.args.content;`,
);

Deno.test.beforeAll(async () => {
  folder = await Deno.makeTempDir({ prefix: "holdfast-flows-" });
  await Deno.writeTextFile(`${folder}/sends.ts`, SENDS);
  const env = { HOLDFAST_NET_PRIVATE: host, HOLDFAST_WORKFLOWS: folder };
  [server, browser] = await Promise.all([startServer({ env }), launchBrowser()]);
});
Deno.test.afterAll(async () => {
  await browser.close();
  await endServer(server);
  await site.shutdown();
  await removeFolder(folder);
});

const TASK =
  `# Count the rows\n\n## Fetch the table\n\n\`\`\`ts\nconsole.log(await (await fetch("http://${host}/table.csv")).text());\n\`\`\`\n`;

webTest(
  "[WEB-GATE1] a host is asked for in plain words; allowed for the session it stands under Allowed, and the block runs",
  async () => {
    const { session_id } = await startTask(server, TASK);
    await using person = await comes(browser, server);
    const { page, calm } = person;
    await page.goto(`/sessions/${session_id}`);
    await page.getByRole("heading", { name: `Reach ${host}` }).waitFor();
    await page.getByText("begins again at its top").waitFor();
    await page.getByText(`Everything in this session may reach ${host}.`).waitFor();
    assertEquals(await page.locator(".ap-foot button").allInnerTexts(), [
      "Allow once\na",
      "Allow for this session",
      "Reject\nr",
      "Never in this session",
    ]);
    assertEquals(await violations(page), []);
    assertEquals(seen, []);
    await page.getByRole("button", { name: "Allow for this session" }).click();
    await page.locator(".shead").getByText("Completed").waitFor();
    await page.getByRole("tab", { name: /Allowed/ }).click();
    await page.getByRole("listitem").filter({ hasText: `Reach ${host}` }).getByText("Allowed").waitFor();
    assertEquals(await violations(page), []);
    assertEquals(seen, ["/table.csv"]);
    calm();
  },
);

webTest(
  "[WEB-GATE3] a standing answer is taken back on its tab, on a phone too; another tab sees it go, and it is asked again",
  async () => {
    const { session_id } = await startTask(server, TASK);
    await using person = await comes(browser, server);
    await using phone = await comes(browser, server, { width: 390, height: 844 });
    const { page } = person;
    await page.goto(`/sessions/${session_id}`);
    await page.getByRole("button", { name: "Allow for this session" }).click();
    await page.locator(".shead").getByText("Completed").waitFor();
    await page.getByRole("tab", { name: /Allowed/ }).click();
    await phone.page.goto(`/sessions/${session_id}`);
    await phone.page.getByRole("tab", { name: /Allowed/ }).click();
    const back = phone.page.getByRole("button", { name: `Take back: Reach ${host}` });
    await back.waitFor();
    assertEquals([await sideways(phone.page), await violations(phone.page)], [0, []]);
    await back.dblclick();
    for (const one of [page, phone.page]) {
      await one.getByText("No answer holds for this whole session").waitFor();
      assertEquals(await one.getByRole("alert").count(), 0);
    }
    assertEquals(await violations(page), []);
    await startTask(server, TASK, { mode: "one-shot", session_id });
    await page.getByRole("heading", { name: `Reach ${host}` }).waitFor();
    person.calm();
    phone.calm();
  },
);

webTest(
  "[WEB-GATE2] the arguments of a call are changed before it is allowed, on a phone too; what was written is what was sent",
  async () => {
    const { session_id, run_id } = await startTask(server, "Write", { mode: "sends" });
    await using person = await comes(browser, server, { width: 390, height: 844 });
    const { page, calm } = person;
    await page.goto(`/sessions/${session_id}`);
    await page.getByRole("heading", { name: "Write the letter to letter.txt?" }).waitFor();
    await page.getByText("Calls files_write as it stands here, this one time.").waitFor();
    assertEquals(await sideways(page), 0);
    assertEquals(await violations(page), []);
    await page.getByRole("textbox", { name: /^Content/ }).fill("Dear friends");
    await page.getByRole("button", { name: "Approve with 1 change" }).click();
    await page.locator(".shead").getByText("Completed").waitFor();
    assertEquals((await ask(server, "GET", `/api/runs/${run_id}`))["result"], "Dear friends");
    assertEquals((await send(server, "GET", `/api/sessions/${session_id}/files/letter.txt`)).text, "Dear friends");
    calm();
  },
);
