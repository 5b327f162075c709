import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Approval } from "@/lib/protocol/rest.ts";
import { cli, ScriptServer, spawnCli } from "./script_server.ts";
import { sampleApproval, uuid } from "../client/samples.ts";

const approval = (n: number, patch: Partial<Approval> = {}) => sampleApproval({ approval_id: uuid(n), ...patch });
const complete = (server: ScriptServer, status = "success") => server.say("complete", { status, duration_ms: 2000 });

Deno.test("[FO1] run starts, shows what happens and what it left, and ends with 0", async () => {
  await using server = new ScriptServer();
  const evil = "out\x1b[2J.md";
  server.files = [{
    path: evil,
    size_bytes: 5,
    media_type: "text/plain",
    modified_at: "2026-11-24T10:00:00.000Z",
    run_id: null,
    step_id: null,
  }];
  server.say("output", { stream: "stdout", message: "hello\x07" });
  complete(server);
  const { code, out, err } = await cli(["run", "say hello", "--set", "maxRounds=3", "--name", "Mine"], server.env);
  assertEquals([code, err], [0, `session ${server.session_id}\n`]);
  assertEquals(
    server.asked[0],
    'POST /api/tasks {"task":"say hello","config":{"maxRounds":3,"mode":"one-shot"},"name":"Mine"}',
  );
  assertEquals(out.split("\n").slice(0, 2), ["│ hello␇", "success 2.0 s"]);
  assertStringIncludes(out, "\nFiles\n  out␛[2J.md  5 B  text/plain\n");
  assertStringIncludes(out, `/sessions/${server.session_id}\n`);
});

Deno.test("[FO1] a run that fails ends with 1, one that is only started with 0 at once", async () => {
  await using server = new ScriptServer();
  complete(server, "failed");
  const failed = await cli(["run", "x"], server.env);
  const detached = await cli(["run", "x", "--detach"], server.env);
  const json = await cli(["run", "x", "--detach", "--json"], server.env);
  assertEquals([failed.code, detached.code, json.code], [1, 0, 0]);
  assertEquals(detached.out, `${server.session_id}  run-1\n`);
  assertEquals(JSON.parse(json.out), { session_id: server.session_id, run_id: "run-1" });
});

Deno.test("[FO1] with --json the log is one event a line as the server has it, and nothing else", async () => {
  await using server = new ScriptServer();
  server.say("of_tomorrow", { a: "\x1b" });
  server.say("complete", { status: "success", duration_ms: 1 }, "another-run");
  complete(server);
  const { code, out, err } = await cli(["run", "x", "--json"], server.env);
  const events = out.trimEnd().split("\n").map((line) => JSON.parse(line));
  assertEquals([code, err], [0, ""]);
  assertEquals(events.map((event) => [event.seq, event.event_type, event.run_id]), [
    [1, "of_tomorrow", "run-1"],
    [2, "complete", "another-run"],
    [3, "complete", "run-1"],
  ]);
  assertEquals(Object.keys(events[0]).toSorted(), ["data", "event_type", "run_id", "seq", "session_id", "timestamp"]);
});

Deno.test("[FO2] inputs are uploaded before the run begins, TASK that names a file is read from it", async () => {
  await using server = new ScriptServer();
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/task.md`, "# Fit the trend\n");
  await Deno.writeTextFile(`${folder}/a b.csv`, "1,2");
  complete(server);
  const { code, err } = await cli(
    ["run", `${folder}/task.md`, "--file", `${folder}/a b.csv`, "--name", "N"],
    server.env,
  );
  assertEquals(code, 0, err);
  const s = `/api/sessions/${server.session_id}`;
  assertEquals(server.asked.slice(0, 3), [
    'POST /api/sessions {"mode":"one-shot","config":{},"name":"N"}',
    `PUT ${s}/files/a%20b.csv 1,2`,
    `POST ${s}/runs {"task":"# Fit the trend\\n"}`,
  ]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("[FO3] a question without a terminal ends with 3 and says how to answer it", async () => {
  await using server = new ScriptServer();
  server.ask(approval(11, { action: "Approve\x1b[2J it?", context: { steps: [{ title: "Load\x07" }] } }));
  const { code, out, err } = await cli(["run", "x"], server.env);
  assertEquals(code, 3);
  assertStringIncludes(out, "? Approve␛[2J it?");
  assertStringIncludes(out, "1  Load␇");
  assertStringIncludes(err, `It needs a person. Answer with: deno task cli approvals approve ${uuid(11)}`);
});

Deno.test("[FO3] --approve-all answers what needs no words, and ends with 3 at a question that does", async () => {
  await using server = new ScriptServer();
  server.ask(approval(11, { allowed: ["approved_session", "approved", "rejected"] }));
  const heard: unknown[] = [];
  server.answered = (_id, body) => {
    heard.push(body);
    if (heard.length === 1) server.ask(approval(12, { allowed: ["answered", "rejected"], approval_type: "input" }));
  };
  const { code, err } = await cli(["run", "x", "--approve-all"], server.env);
  assertEquals([code, heard], [3, [{ resolution: "approved" }]]);
  assertStringIncludes(err, `approvals edit ${uuid(12)} --with -`);
});

Deno.test("[FO3] --approve-all tries a failing step again three times, then it needs a person", async () => {
  await using server = new ScriptServer();
  let asked = 0;
  const next = () => {
    const step_id = asked === 0 ? "failed s1" : `failed s1#${asked + 1}`;
    server.ask(
      approval(20 + asked++, { step_id, allowed: ["retry", "skip", "abort"], approval_type: "error_recovery" }),
    );
  };
  server.answered = next;
  next();
  const { code } = await cli(["run", "x", "--approve-all"], server.env);
  assertEquals([code, asked], [3, 4]);
});

Deno.test("[FO3] a question that somebody else answered is not asked", async () => {
  await using server = new ScriptServer();
  server.ask(approval(11));
  server.approvals.set(uuid(11), approval(11, { status: "resolved", resolution: "approved" }));
  complete(server);
  assertEquals((await cli(["run", "x"], server.env)).code, 0);
});

Deno.test("[FO4] Ctrl+C leaves the run, says how to watch and cancel it, and ends with 130", async () => {
  await using server = new ScriptServer();
  server.say("output", { stream: "stdout", message: "at work" });
  const child = spawnCli(["run", "x"], server.env);
  const reader = child.stdout.getReader();
  assertMatch(new TextDecoder().decode((await reader.read()).value), /at work/);
  child.kill("SIGINT");
  reader.releaseLock();
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text(), child.stdout.cancel()]);
  assertEquals(code, 130);
  assertStringIncludes(
    err,
    `deno task cli watch ${server.session_id} --after 1\nCancel it: deno task cli cancel run-1\n`,
  );
});

Deno.test("[TM2] a reader that goes away ends the command without a word", async () => {
  await using server = new ScriptServer();
  server.say("output", { stream: "stdout", message: "first" });
  const child = spawnCli(["watch", server.session_id, "--json"], server.env);
  const reader = child.stdout.getReader();
  assertMatch(new TextDecoder().decode((await reader.read()).value), /first/);
  await reader.cancel();
  server.say("output", { stream: "stdout", message: "second" });
  const [{ code }, err] = await Promise.all([child.status, new Response(child.stderr).text()]);
  assertEquals([code, err], [0, ""]);
});

Deno.test("[FO4] a deleted session ends watching with 1 and says so", async () => {
  await using server = new ScriptServer();
  server.say("output", { stream: "stdout", message: "first" });
  const watching = cli(["watch", server.session_id, "--after", "0"], server.env);
  await server.followed;
  server.gone();
  const { code, out, err } = await watching;
  assertEquals([code, out, err], [1, "│ first\n", "It was deleted␇\n"]);
});
