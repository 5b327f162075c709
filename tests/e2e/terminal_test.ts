// The command line in a real terminal: the plan and the questions at the prompt, answers by keys, Ctrl+C.
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { endServer } from "./support/ending.ts";
import { allEvents, ask, send, startTask, until } from "./support/api.ts";
import { KEYS, Terminal } from "./support/command.ts";
import { ASKS, ASKS_FIRST, COUNTS } from "./support/runbooks.ts";

let server: TestServer;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(async () => {
  await endServer(server);
});

/** A test with the server of this file, which outlives it. */
function terminalTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}
const sessionOn = (terminal: Terminal) => /session ([0-9a-f-]{36})/.exec(terminal.screen)?.[1] ?? "";

terminalTest(
  "[TTY1] the first run of the README: the plan is shown, both approvals are asked at the prompt, Enter approves, exit 0",
  async () => {
    await using terminal = Terminal.task(server, ["run", "examples/climate.md", "--mode", "planning-control"]);
    await terminal.until("? Carry out this plan of 5 steps?");
    await terminal.until("1  Load the table");
    await terminal.until("5  Write the report");
    await terminal.until("● Approve");
    await terminal.type(KEYS.enter);
    await terminal.until("approved by Administrator");
    for (const step of ["Load the table", "Clean it", "Fit the trend", "Draw the chart"]) {
      await terminal.until(`✓ ${step}`);
    }
    await terminal.until("? The figures and chart.svg are ready. Write report.md from them?");
    await terminal.until("● Approve");
    await terminal.type(KEYS.enter);
    await terminal.until("✓ Write the report");
    await terminal.until("success");
    await terminal.until("chart.svg");
    await terminal.until("report.md");
    assertEquals(await terminal.ended(), 0);
    const asked = terminal.screen.split("\n").filter((line) => line.startsWith("? Carry out"));
    assertEquals(asked.length, 1);
    assertEquals(terminal.screen.match(/── control/g)?.length, 1);
    const files = await ask(server, "GET", `/api/sessions/${sessionOn(terminal)}/files`);
    const paths = (files["files"] as { path: string }[]).map(({ path }) => path);
    assert(["chart.svg", "report.md"].every((path) => paths.includes(path)), paths.join());
  },
);

terminalTest("[TTY2] a rejection with its reason at the prompt fails the run: exit 1", async () => {
  await using terminal = Terminal.cli(server, ["run", ASKS_FIRST]);
  await terminal.until("? Shall it begin?");
  await terminal.until("● Approve");
  await terminal.type(KEYS.down);
  await terminal.until("● Reject…");
  await terminal.type(KEYS.enter);
  await terminal.until("Why (may stay empty)");
  await terminal.type(`not today${KEYS.enter}`);
  await terminal.until("rejected by Administrator: not today");
  assertEquals(await terminal.ended(), 1);
});

terminalTest("[TTY3] what somebody else answers ends the prompt, and the run is followed to its end", async () => {
  await using terminal = Terminal.cli(server, ["run", ASKS]);
  await terminal.until("● Approve");
  const asked = await until(server, sessionOn(terminal), "approval_requested");
  await ask(server, "POST", `/api/approvals/${asked.data["approval_id"]}/resolve`, { resolution: "approved" });
  await terminal.until("approved by Administrator");
  await terminal.until("│ after");
  assertEquals(await terminal.ended(), 0);
});

terminalTest(
  "[TTY4] Ctrl+C leaves the run, at work and at the prompt, says how to watch and cancel it, and ends with 130",
  async () => {
    await using atWork = Terminal.task(server, ["run", COUNTS]);
    await atWork.until("│ number 5");
    await atWork.type(KEYS.ctrl_c);
    await atWork.until("The run goes on. Watch it: deno task cli watch");
    await atWork.until("Cancel it: deno task cli cancel");
    assertEquals(await atWork.ended(), 130);
    const session_id = sessionOn(atWork);
    assertEquals((await ask(server, "GET", `/api/sessions/${session_id}`))["run_status"], "running");
    assertEquals((await send(server, "DELETE", `/api/sessions/${session_id}`)).status, 204);

    await using asking = Terminal.cli(server, ["run", ASKS_FIRST]);
    await asking.until("● Approve");
    await asking.type(KEYS.ctrl_c);
    await asking.until("The run goes on. Watch it: deno task cli watch");
    assertEquals(await asking.ended(), 130);
    const left = await ask(server, "GET", `/api/approvals?status=pending&session_id=${sessionOn(asking)}`);
    assertEquals(left["total"], 1);
  },
);

terminalTest(
  "[TTY5] watch --after shows what came after, then what comes; Ctrl+C says how to go on from there",
  async () => {
    const { session_id } = await startTask(server, ASKS);
    const asked = await until(server, session_id, "approval_requested");
    await using terminal = Terminal.cli(server, ["watch", session_id, "--after", `${asked.seq - 1}`]);
    await terminal.until("? Shall it go on?");
    assert(!terminal.screen.includes("│ before"), terminal.screen);
    await ask(server, "POST", `/api/approvals/${asked.data["approval_id"]}/resolve`, { resolution: "approved" });
    await terminal.until("│ after");
    await terminal.until("success");
    await terminal.type(KEYS.ctrl_c);
    const last = (await allEvents(server, session_id)).at(-1)?.seq;
    await terminal.until(`Watch it: deno task cli watch ${session_id} --after ${last}`);
    assertEquals(await terminal.ended(), 130);
    assertStringIncludes(terminal.screen, "approved by Administrator");
    assert(!terminal.screen.includes("The run goes on."), terminal.screen);
  },
);
