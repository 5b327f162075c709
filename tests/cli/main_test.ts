import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Verb } from "@/lib/model/approval.ts";
import { cli, cliProcess, closedPort, type Ended, refusal, ScriptServer } from "./script_server.ts";
import { sampleApproval, sampleRun, uuid } from "../client/samples.ts";

Deno.test("[CE1] as a process: a flag that is unknown ends with 2, a server that is not there with 4, help with 0", async () => {
  const env = closedPort();
  const [wrong, away, help] = await Promise.all([
    cliProcess(["sessions", "list", "--nope"], env),
    cliProcess(["sessions"], env),
    cliProcess(["--help"], env),
  ]);
  assertEquals([wrong.code, away.code, help.code], [2, 4, 0]);
  assertEquals([wrong.out, away.out, help.err], ["", "", ""]);
  assertMatch(wrong.err, /Usage: holdfast/);
  assertMatch(away.err, /^Cannot reach http:.*\nStart it: deno task start\n$/);
  for (const word of ["run", "sessions", "watch", "approvals", "cancel", "retry", "login", "doctor"]) {
    assertStringIncludes(help.out, `holdfast ${word}`);
  }
});

/** Runs lines of words one after the other. */
async function each(lines: readonly string[][], env: { HOLDFAST_URL: string }): Promise<Ended[]> {
  const ends: Ended[] = [];
  for (const line of lines) ends.push(await cli(line, env));
  return ends;
}

Deno.test("[CE1] what was not understood ends with 2, says the usage on stderr and asks no server", async () => {
  await using server = new ScriptServer();
  for (const { code, out, err } of await each([[], ["nope"], ["run"], ["run", "x", "--limit", "5"]], server.env)) {
    assertEquals([code, out], [2, ""]);
    assertMatch(err, /Usage: holdfast/);
  }
  assertEquals(server.asked, []);
});

Deno.test("[CE1] input that cannot be read ends with 2 before anything is started", async () => {
  await using server = new ScriptServer();
  const folder = await Deno.makeTempDir();
  await Deno.writeFile(`${folder}/picture.png`, new Uint8Array([0xff, 0xfe, 0x80]));
  await Deno.writeTextFile(`${folder}/a.csv`, "1");
  const wrong: [string[], RegExp][] = [
    [["run", "x", "--file", `${folder}/none.csv`], /Cannot read ".*none\.csv"/],
    [
      ["run", "x", "--file", `${folder}/a.csv`, "--file", `${folder}/../${folder}/a.csv`],
      /another input is named "a\.csv"/,
    ],
    [["run", `${folder}/picture.png`], /Cannot read the task from/],
    [["run", " "], /The task is empty/],
    [["approvals", "edit", uuid(9), "--with", `${folder}/none.json`], /Cannot read it/],
    [["approvals", "edit", uuid(9), "--with", `${folder}/picture.png`], /is not JSON/],
  ];
  const ends = await each(wrong.map(([args]) => args), server.env);
  for (const [i, { code, err }] of ends.entries()) {
    assertEquals(code, 2, err);
    assertMatch(err, wrong[i]?.[1] ?? /never/);
  }
  assertEquals(server.asked, []);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("[CE2] a server that cannot be reached ends every command with 4 and says how to start it", async () => {
  const env = closedPort();
  const asked = [["sessions"], ["run", "hello"], ["watch", uuid(1)], ["cancel", "run-1"], ["doctor"], ["login"]];
  for (const { code, out, err } of await each(asked, env)) {
    assertEquals(code, 4);
    assertStringIncludes((out + err).toLowerCase(), "start it: deno task start");
    assert(!/\n\s+at /.test(err), "a stack trace");
  }
});

Deno.test("[CE3] what the server refuses ends with 3, what does not fit with 2, and says it with its paths", async () => {
  await using server = new ScriptServer();
  server.instead.set("GET /api/pulse", () => refusal(401, "unauthenticated"));
  const errors = [{ path: "config.x\x1b[2J", message: "Unknown key" }];
  server.instead.set("POST /api/tasks", () => refusal(422, "invalid", { errors }));
  server.instead.set("POST /api/runs/run-1/cancel", () => refusal(401, "unauthenticated"));
  server.instead.set("POST /api/runs/run-1/retry", () => new Response("<html>\x1b[2J other</html>", { status: 200 }));
  const unknown = await cli(["sessions", "show", uuid(5)], server.env);
  const invalid = await cli(["run", "x", "--set", "x=1"], server.env);
  const nobody = await cli(["cancel", "run-1"], server.env);
  const foreign = await cli(["retry", "run-1"], server.env);
  const kept = await cliProcess(["sessions", "delete", uuid(1)], server.env);
  assertEquals([unknown.code, unknown.err], [3, "Refused: not_found\n"]);
  assertEquals([invalid.code, invalid.err], [2, "Refused: invalid\n  config.x␛[2J: Unknown key\n"]);
  assertEquals(nobody.code, 3);
  assertStringIncludes(nobody.err, "deno task cli login");
  assertEquals([foreign.code, foreign.err], [
    3,
    "The answer is not one of Holdfast: HTTP 200 <html>␛[2J other</html>\n",
  ]);
  assertEquals([kept.code, kept.err], [3, "Not deleted. --yes deletes without asking.\n"]);
  assert(server.asked.every((line) => !line.startsWith("DELETE")));
});

Deno.test("[CE4] sessions are a table, or one JSON document", async () => {
  await using server = new ScriptServer();
  const table = await cli(["sessions", "--q", "ice", "--limit", "5"], server.env);
  const json = await cli(["sessions", "--json"], server.env);
  assertEquals(table.code, 0);
  assertMatch(table.out, /^SESSION +STATUS +MODE +UPDATED +NAME\n\S+ +ready +one-shot +2026-11-24 10:00 +Sea ice\n$/);
  assertEquals(JSON.parse(json.out).sessions[0].name, "Sea ice");
  assertEquals(new Set(server.asked), new Set(["GET /api/sessions?limit=5&q=ice", "GET /api/sessions?limit=50"]));
});

Deno.test("[CE4] approve, reject and edit send the verb that the approval allows", async () => {
  await using server = new ScriptServer();
  const ask = (n: number, allowed: Verb[]) => server.ask(sampleApproval({ approval_id: uuid(n), allowed }));
  ask(11, ["approved", "rejected"]);
  ask(12, ["retry", "skip", "abort"]);
  ask(13, ["answered", "rejected"]);
  const heard = new Map<string, unknown>();
  server.answered = (id, body) => void heard.set(id, body);
  const ends = [
    await cli(["approvals", "approve", uuid(11), "--feedback", "fine"], server.env),
    await cli(["approvals", "reject", uuid(12)], server.env),
    await cliProcess(["approvals", "edit", uuid(13), "--with", "-", "--json"], server.env, '{"answer":"42"}'),
  ];
  assertEquals(ends.map((end) => end.code), [0, 0, 0]);
  assertEquals(ends[0]?.out, "resolved: approved\n");
  assertEquals(
    heard,
    new Map<string, unknown>([
      [uuid(11), { resolution: "approved", feedback: "fine" }],
      [uuid(12), { resolution: "abort" }],
      [uuid(13), { resolution: "answered", modifications: { answer: "42" } }],
    ]),
  );
});

Deno.test("[CE7] edit takes single fields: of a budget the sum alone, of a call the arguments with what was named", async () => {
  await using server = new ScriptServer();
  const sum = { type: "object", properties: { raise_to: { type: "number", minimum: 1, maximum: 100 } } };
  server.ask(sampleApproval({
    approval_id: uuid(11),
    approval_type: "permission",
    allowed: ["approved", "rejected"],
    context: { right: "budget", unit: "usd", limit: 1, raise_to: 2 },
    modifications_schema: sum,
  }));
  server.ask(sampleApproval({
    approval_id: uuid(12),
    approval_type: "tool_call",
    allowed: ["approved", "modified", "rejected"],
    context: { tool: "files_write", args: { path: "a.txt", content: "one" } },
  }));
  const heard = new Map<string, unknown>();
  server.answered = (id, body) => void heard.set(id, body);
  const ends = await each([
    ["approvals", "edit", uuid(11), "--set", "raise_to=3.5"],
    ["approvals", "edit", uuid(12), "--set", "content=two"],
    ["approvals", "edit", uuid(12)],
  ], server.env);
  assertEquals(ends.map((end) => end.code), [0, 0, 2]);
  assertStringIncludes(ends[2]?.err ?? "", "--set KEY=VALUE");
  assertEquals(
    heard,
    new Map<string, unknown>([
      [uuid(11), { resolution: "approved", modifications: { raise_to: 3.5 } }],
      [uuid(12), { resolution: "modified", modifications: { path: "a.txt", content: "two" } }],
    ]),
  );
});

Deno.test("[CE4] doctor ends with 0 when all is well, with 1 when a check is not, and login keeps a token for this user", async () => {
  await using server = new ScriptServer();
  const ready = (ok: boolean) => () =>
    Response.json(
      { status: ok ? "ready" : "not_ready", checks: { kv: { ok, detail: "kv\x07" } }, isolation: "plain" },
      {
        status: ok ? 200 : 503,
      },
    );
  server.instead.set("GET /api/ready", ready(true));
  const well = await cli(["doctor"], server.env);
  assertEquals(well.code, 0, well.out);
  assertMatch(well.out, /✓ server .*\n✓ token .*Operator\n✓ kv +kv␇\n✓ workflows .*\n✓ round trip/);
  const broken = { modes: [], total: 0, problems: [{ file: "a.ts", reason: "broken" }] };
  server.instead.set("GET /api/sessions/modes/list", () => Response.json(broken));
  assertMatch((await cli(["doctor"], server.env)).out, /✗ workflows +a\.ts is no mode: broken/);
  server.instead.set("GET /api/ready", ready(false));
  const folder = await Deno.makeTempDir();
  const [ill, kept] = await Promise.all([
    cli(["doctor", "--json"], server.env),
    cliProcess(["login", "--stdin"], { ...server.env, HOLDFAST_DATA: `${folder}/data` }, `${"k".repeat(20)}\n`),
  ]);
  assertEquals([ill.code, JSON.parse(ill.out)[2]], [1, { what: "kv", ok: false, detail: "kv\x07" }]);
  assertEquals(kept.code, 0, kept.err);
  assertEquals(await Deno.readTextFile(`${folder}/data/cli-token`), `${"k".repeat(20)}\n`);
  assertEquals((await Deno.stat(`${folder}/data/cli-token`)).mode! & 0o777, 0o600);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("[CE6] token create prints the secret alone on stdout; list and revoke say what is the case", async () => {
  await using server = new ScriptServer();
  const token = {
    token_id: uuid(5),
    label: "lap\x1btop",
    user: { id: "anna", name: "Anna" },
    role: "user",
    created_at: "2026-11-24T10:00:00.000Z",
    expires_at: "2026-12-01T10:00:00.000Z",
    last_used_at: null,
    current: true,
  };
  server.instead.set(
    "POST /api/tokens",
    () => Response.json({ ...token, token: "the-secret-0123456789" }, { status: 201 }),
  );
  server.instead.set("GET /api/tokens", () => Response.json({ tokens: [token], total: 1, next_cursor: null }));
  server.instead.set(`DELETE /api/tokens/${uuid(5)}`, () => new Response(null, { status: 204 }));
  const made = await cli(["token", "create", "laptop", "--user", "anna", "--name", "Anna", "--days", "7"], server.env);
  assertEquals([made.code, made.out], [0, "the-secret-0123456789\n"]);
  assertMatch(made.err, /of Anna \(user\), until 2026-12-01/);
  assertEquals(server.asked, [
    'POST /api/tokens {"label":"laptop","user":{"id":"anna","name":"Anna"},"expires_in_s":604800}',
  ]);
  const list = await cli(["token"], server.env);
  assertMatch(list.out, /anna +user +never +2026-12-01 10:00 +lap␛top \(this one\)/);
  const gone = await cli(["token", "revoke", uuid(5)], server.env);
  assertEquals([gone.code, gone.out], [0, "revoked\n"]);
  assertEquals((await cli(["token", "revoke", uuid(6)], server.env)).code, 3);
});

Deno.test("[CE6] retry takes the step and config keys", async () => {
  await using server = new ScriptServer();
  server.instead.set("POST /api/runs/run-1/retry", () => Response.json(sampleRun(), { status: 202 }));
  const { code } = await cli(
    ["retry", "run-1", "--from", "a/b", "--set", "maxRounds=3", "--set", "name=x"],
    server.env,
  );
  assertEquals(code, 0);
  assertEquals(server.asked, ['POST /api/runs/run-1/retry {"from_step":"a/b","config":{"maxRounds":3,"name":"x"}}']);
});

Deno.test("[CE5] surroundings: an address is http or https, an empty variable is none, the token file stands in", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/cli-token`, `${"f".repeat(20)}\n`);
  await using server = new ScriptServer();
  const [bad, good] = await Promise.all([
    cliProcess(["sessions"], { HOLDFAST_URL: "localhost:8000" }),
    cliProcess(["login", "--stdin"], { ...server.env, HOLDFAST_TOKEN: "", HOLDFAST_DATA: folder }, "\n"),
  ]);
  assertEquals([bad.code, bad.out], [2, ""]);
  assertMatch(bad.err, /^Cannot use HOLDFAST_URL "localhost:8000": give an address like/);
  assertEquals([good.code, good.out], [0, `Operator at ${server.env.HOLDFAST_URL}\n`]);
  assertEquals(server.tokens, [`Bearer ${"f".repeat(20)}`]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("[CE5] an export is passed on as it is; one that breaks off ends with 4", async () => {
  await using server = new ScriptServer();
  const what = `GET /api/sessions/${server.session_id}/export`;
  server.instead.set(what, () => new Response('{"seq":1}\n{"seq":2}\n'));
  const whole = await cliProcess(["sessions", "export", server.session_id], server.env);
  assertEquals([whole.code, whole.out, whole.err], [0, '{"seq":1}\n{"seq":2}\n', ""]);
  const half = await cliProcess(["sessions", "export", uuid(1)], breakingOff('{"seq":1}\n'));
  assertEquals([half.code, half.out], [4, '{"seq":1}\n']);
  assertMatch(half.err, /^The export broke off: /);
});

/** A server that answers the first request with the beginning of something longer, and goes. */
function breakingOff(beginning: string): { HOLDFAST_URL: string } {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const head = `HTTP/1.1 200 OK\r\ncontent-type: application/x-ndjson\r\ncontent-length: 1000\r\n\r\n`;
  void (async () => {
    using connection = await listener.accept();
    listener.close();
    await connection.read(new Uint8Array(4096));
    await connection.write(new TextEncoder().encode(head + beginning));
  })();
  return { HOLDFAST_URL: `http://127.0.0.1:${listener.addr.port}` };
}
