// The command line without a terminal, as scripts use it: every subcommand, what it prints, and its exit code.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { endServer } from "./support/ending.ts";
import { type Seen, startTask, until } from "./support/api.ts";
import { cli, type Ended } from "./support/command.ts";
import { ASKS, ASKS_FIRST, COUNTS, FAILS, PRINTS } from "./support/runbooks.ts";
import { removeFolder } from "../support/remove_folder.ts";

let server: TestServer;

Deno.test.beforeAll(async () => {
  server = await startServer();
});
Deno.test.afterAll(async () => {
  await endServer(server);
});

/** A test with the server of this file, which outlives it. */
function commandTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, fn, sanitizeOps: false, sanitizeResources: false });
}
const run = (args: string[], options: Parameters<typeof cli>[2] = {}) => cli(server, args, options);
/** Runs a command that must end with 0. */
async function done(args: string[], options: Parameters<typeof cli>[2] = {}): Promise<Ended> {
  const ended = await run(args, options);
  assertEquals(ended.code, 0, ended.out + ended.err);
  return ended;
}
const json = async <T>(args: string[]) => JSON.parse((await done([...args, "--json"])).out) as T;
const approvalOf = async (session_id: string) =>
  `${(await until(server, session_id, "approval_requested")).data["approval_id"]}`;

commandTest(
  "[CLI1] without a terminal an approval ends run with 3; the command that it names answers, and the run goes on",
  async () => {
    const asked = await run(["run", ASKS_FIRST]);
    assertEquals(asked.code, 3);
    assertStringIncludes(asked.out, "? Shall it begin?");
    const [, session_id = ""] = /session (\S+)/.exec(asked.err) ?? [];
    const [, command = ""] = /It needs a person\. Answer with: deno task cli (.+)/.exec(asked.err) ?? [];
    assertEquals((await done(command.split(" "))).out, "resolved: approved\n");
    await until(server, session_id, "complete");
    const shown = await done(["sessions", "show", session_id]);
    assertMatch(shown.out, /status +completed/);
  },
);

commandTest(
  "[CLI2] --approve-all --json: one event a line, seqs without a gap, nothing else on stdout, exit 0",
  async () => {
    const { out, err } = await done(["run", ASKS, "--approve-all", "--json"]);
    const events = out.trimEnd().split("\n").map((line) => JSON.parse(line) as Seen);
    assertEquals(events.map(({ seq }) => seq), events.map((_, i) => i + 1));
    assertEquals(events.at(-1)?.event_type, "complete");
    const printed = events.filter(({ event_type }) => event_type === "output").map(({ data }) => data["message"]);
    assertEquals(printed, ["before", "after"]);
    assertEquals(err, "");
  },
);

commandTest("[CLI3] --detach starts and returns; cancel ends the run, retry runs it again, each says so", async () => {
  const { session_id, run_id } = await json<{ session_id: string; run_id: string }>(["run", COUNTS, "--detach"]);
  await until(server, session_id, "output");
  assertMatch((await done(["cancel", run_id])).out, /^(running|cancelled)\n$/);
  await until(server, session_id, "complete");
  assertEquals((await json<{ status: string }>(["cancel", run_id])).status, "cancelled");
  const again = await json<{ run_id: string; retry_of: string }>(["retry", run_id]);
  assertEquals(again.retry_of, run_id);
  await done(["cancel", again.run_id]);
  const plain = await done(["run", PRINTS, "--detach", "--name", "By name"]);
  assertMatch(plain.out, /^[0-9a-f-]{36} {2}[0-9a-f-]{36}\n$/);
  const found = await json<{ sessions: { session_id: string }[] }>(["sessions", "list", "--q", "by name"]);
  assertEquals(found.sessions.map((one) => one.session_id), [plain.out.slice(0, 36)]);
});

commandTest(
  "[CLI4] a task that fails ends run with 1 and the error; inputs are uploaded; TASK may be a file",
  async () => {
    const failed = await run(["run", FAILS]);
    assertEquals(failed.code, 1);
    assertStringIncludes(failed.out, "Error: the table is empty");
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeTextFile(`${folder}/boats.csv`, "a,b\n1,2\n");
      const task = "# Reads\n\n## Read\n\n```ts\nconsole.log(await Deno.readTextFile('boats.csv'));\n```\n";
      await Deno.writeTextFile(`${folder}/task.md`, task);
      const read = await done(["run", `${folder}/task.md`, "--file", `${folder}/boats.csv`]);
      assertStringIncludes(read.out, "│ 1,2");
      assertMatch(read.out, /boats\.csv +8 B/);
      const list = await done(["sessions", "--q", "Reads"]);
      assertMatch(list.out, /completed +one-shot +\S+ \S+ +Reads\n/);
    } finally {
      await removeFolder(folder);
    }
  },
);

commandTest("[CLI5] sessions: list, show, suspend, resume, export, delete", async () => {
  const { session_id } = await startTask(server, ASKS_FIRST);
  await approvalOf(session_id);
  assertMatch((await done(["sessions"])).out, new RegExp(`${session_id} +needs you`));
  await done(["sessions", "suspend", session_id]);
  assertMatch((await done(["sessions", "show", session_id])).out, /status +suspended/);
  assertEquals((await done(["sessions", "suspend", session_id])).out, "Suspended already\n");
  const mixed = await run(["sessions", "suspend", session_id, "00000000-0000-4000-8000-00000000ffff"]);
  assertEquals([mixed.code, mixed.out], [3, `${session_id}  Suspended already\n`]);
  assertMatch(mixed.err, /^00000000-\S+ +Cannot find session/);
  await done(["sessions", "resume", session_id]);
  const lines = (await done(["sessions", "export", session_id])).out.trimEnd().split("\n");
  assert(lines.length > 5);
  for (const line of lines) JSON.parse(line);
  const unsure = await run(["sessions", "delete", session_id]);
  assertEquals([unsure.code, unsure.err.includes("--yes deletes without asking")], [3, true]);
  await done(["sessions", "delete", session_id, "--yes"]);
  const gone = await run(["sessions", "show", session_id]);
  assertEquals(gone.code, 3);
  assertStringIncludes(gone.err, "unknown, or not visible to you");
});

commandTest(
  "[CLI6] approvals: list, approve, reject with feedback, edit from standard input; a second answer ends with 3",
  async () => {
    const [first, second] = await Promise.all([startTask(server, ASKS_FIRST), startTask(server, ASKS_FIRST)]);
    const plan = await startTask(server, PRINTS, { mode: "planning-control" });
    const asks = await Promise.all([first, second, plan].map((one) => approvalOf(one.session_id)));
    const [one = "", two = "", three = ""] = asks;
    const list = await done(["approvals"]);
    for (const text of [...asks, "? Shall it begin?", "? Carry out this plan of 1 step?", plan.session_id]) {
      assertStringIncludes(list.out, text);
    }
    assertEquals((await done(["approvals", "approve", one])).out, "resolved: approved\n");
    assertEquals((await done(["approvals", "reject", two, "--feedback", "not now"])).out, "resolved: rejected\n");
    const late = await run(["approvals", "approve", two]);
    assertEquals(late.code, 3);
    const steps = [{ id: "step-1", title: "Print it", description: "", agent: "engineer" }];
    const edited = await done(["approvals", "edit", three, "--with", "-"], { stdin: JSON.stringify({ steps }) });
    assertEquals(edited.out, "resolved: modified\n");
    await until(server, plan.session_id, "complete");
    const said = await until(server, second.session_id, "error");
    assertStringIncludes(`${said.data["message"]}`, "not now");
  },
);

commandTest("[CLI7] wrong usage ends with 2 and names what is wrong, before anything starts", async () => {
  const before = (await json<{ total: number }>(["sessions", "list"])).total;
  const wrong: [string[], RegExp][] = [
    [["runn"], /runn/],
    [["run"], /TASK/],
    [["run", " "], /The task is empty/],
    [["run", "x", "--mode", "no-such-mode"], /no-such-mode/],
    [["run", "x", "--set", "noSuchKey=1"], /noSuchKey/],
    [["run", "x", "--set", "maxRounds=many"], /maxRounds/],
    [["run", "x", "--file", "/no/such/file"], /no\/such\/file/],
    [["sessions", "list", "--limit", "0"], /limit/],
    [["approvals", "edit", crypto.randomUUID(), "--with", "/no/such.json"], /Cannot read it/],
  ];
  const ended = await Promise.all(wrong.map(([args]) => run(args)));
  for (const [i, { code, err, out }] of ended.entries()) {
    assertEquals([code, out], [2, ""], `${wrong[i]?.[0]}: ${err}`);
    assertMatch(err, wrong[i]?.[1] ?? /never/);
  }
  assertEquals((await json<{ total: number }>(["sessions", "list"])).total, before);
});

commandTest("[CLI8] a server that cannot be reached ends with 4 and says how to start it; doctor too", async () => {
  // A port of the discard service: nothing listens there.
  const env = { HOLDFAST_URL: "http://127.0.0.1:9" };
  for (const args of [["sessions"], ["run", "x"], ["doctor"]]) {
    const { code, out, err } = await run(args, { env });
    assertEquals(code, 4, err);
    assertStringIncludes(out + err, "deno task start");
  }
});

commandTest(
  "[CLI9] login keeps a good token for this user only, refuses a wrong one with 3; doctor finds all well",
  async () => {
    const folder = await Deno.makeTempDir();
    try {
      const env = { HOLDFAST_DATA: folder };
      const stranger = await run(["sessions"], { env });
      assertEquals(stranger.code, 3);
      assertStringIncludes(stranger.err, "deno task cli login");
      const wrong = await run(["login", "--stdin"], { env, stdin: "no-such-token-at-all-1234\n" });
      assertEquals([wrong.code, wrong.err], [3, "The server does not know this token.\n"]);
      const good = await done(["login", "--stdin"], { env, stdin: `${server.token}\n` });
      assertStringIncludes(good.out, `Administrator at ${server.url}`);
      assertEquals((await Deno.stat(`${folder}/cli-token`)).mode ?? 0, 0o100600);
      const well = await done(["doctor"], { env });
      for (const line of well.out.trimEnd().split("\n")) assertMatch(line, /^✓ /);
      assertStringIncludes(well.out, "Administrator");
    } finally {
      await removeFolder(folder);
    }
  },
);
