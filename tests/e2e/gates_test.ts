// Gates through a real server: a block of a runbook that wants a host, asked, answered from elsewhere, over a kill -9.
import { assert, assertEquals, assertMatch, assertObjectMatch, assertStringIncludes } from "@std/assert";
import { startServer } from "../support/server.ts";
import { allEvents, ask, send, startTask } from "./support/api.ts";
import { cli } from "./support/command.ts";
import { removeFolder } from "../support/remove_folder.ts";

interface Asked {
  approval_id: string;
  approval_type: string;
  action: string;
  description: string;
  allowed: string[];
}

/** A site on loopback that the operator names, so that the host may be asked for. */
function site() {
  const seen: string[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, (request) => {
    const url = new URL(request.url);
    seen.push(`${request.method} ${url.pathname}`);
    return url.pathname === "/to-metadata"
      ? Response.redirect("http://169.254.169.254/latest/meta-data", 302)
      : new Response(`you asked for ${url.pathname}`);
  });
  const { port } = server.addr as Deno.NetAddr;
  return { host: `localhost:${port}`, seen, [Symbol.asyncDispose]: () => server.shutdown() };
}
const book = (code: string) => `# Wants a host\n\n## Fetch\n\n\`\`\`ts\n${code}\n\`\`\`\n`;

/** Waits until something holds. */
async function until(holds: () => Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!await holds()) {
    assert(performance.now() < end, `${what} did not happen in 60 s`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function pending(server: { url: string; token: string }, session_id: string): Promise<Asked[]> {
  const { approvals } = await ask(server, "GET", `/api/approvals?status=pending&session_id=${session_id}`);
  return approvals as Asked[];
}

Deno.test("[GATES-E1] a block that wants a host is stopped, the person asked; a kill -9 later a yes lets it run to its end", async () => {
  await using page = site();
  const data = await Deno.makeTempDir({ prefix: "holdfast-test-" });
  const env = { HOLDFAST_NET_PRIVATE: page.host };
  let server = await startServer({ data, env });
  try {
    const code =
      `console.log("at its top");\nconst r = await fetch("http://${page.host}/data");\nawait Deno.writeTextFile("got.txt", await r.text());\nconsole.log(r.status);`;
    const { session_id, run_id } = await startTask(server, book(code));
    await until(async () => (await pending(server, session_id)).length === 1, "the question");
    await server.kill();
    server = await startServer({ data, env });
    const [asked] = await pending(server, session_id);
    assert(asked !== undefined);
    assertEquals([asked.approval_type, asked.action], ["permission", `Reach ${page.host}`]);
    assertStringIncludes(asked.description, "begins again at its top");
    assertEquals(asked.allowed, ["approved", "approved_session", "rejected", "rejected_always"]);
    assertEquals(page.seen, []);
    await ask(server, "POST", `/api/approvals/${asked.approval_id}/resolve`, { resolution: "approved" });
    await until(async () => (await ask(server, "GET", `/api/runs/${run_id}`))["status"] === "completed", "the end");
    const file = await send(server, "GET", `/api/sessions/${session_id}/files/got.txt`);
    assertEquals([file.text, page.seen], ["you asked for /data", ["GET /data"]]);
    const events = await allEvents(server, session_id);
    assertEquals(events.filter((event) => event.event_type.startsWith("step_retry")), []);
    assertEquals(events.filter((event) => event.event_type === "approval_requested").length, 1);
    assertEquals(events.filter((event) => event.data["message"] === "at its top").length, 2);
  } finally {
    await server.close();
    await removeFolder(data);
  }
});

Deno.test("[GATES-E2] for this session, from the command line: the next run asks no more; never: its block is denied", async () => {
  await using page = site();
  const server = await startServer({ env: { HOLDFAST_NET_PRIVATE: page.host } });
  try {
    const task = book(`console.log(await (await fetch("http://${page.host}/x")).text());`);
    const run = await startTask(server, task);
    await until(async () => (await pending(server, run.session_id)).length === 1, "the question");
    const [asked] = await pending(server, run.session_id);
    const list = await cli(server, ["approvals"]);
    assertStringIncludes(list.out, `? Reach ${page.host}`);
    assertStringIncludes(list.out, `Host: ${page.host}`);
    const yes = await cli(server, ["approvals", "approve", asked?.approval_id ?? "", "--session"]);
    assertEquals([yes.code, yes.out.trim()], [0, "resolved: approved_session"]);
    const ended = async (id: string, status: string) =>
      await until(async () => (await ask(server, "GET", `/api/runs/${id}`))["status"] === status, status);
    await ended(run.run_id, "completed");
    const config = { mode: "one-shot", session_id: run.session_id };
    const again = await startTask(server, task, config);
    await ended(again.run_id, "completed");
    const detail = await ask(server, "GET", `/api/sessions/${run.session_id}`);
    assertEquals((detail["grants"] as { what: string }[]).map((one) => one.what), [page.host]);
    const other = await startTask(server, task);
    await until(async () => (await pending(server, other.session_id)).length === 1, "the question");
    const [second] = await pending(server, other.session_id);
    assertEquals((await cli(server, ["approvals", "reject", second?.approval_id ?? "", "--always"])).code, 0);
    await ended(other.run_id, "failed");
    const { error } = await ask(server, "GET", `/api/runs/${other.run_id}`);
    assertObjectMatch(error as object, {
      type: "rejected",
      message: `Administrator said no for the whole session to "Reach ${page.host}"`,
    });
    const denied = await startTask(server, task, { mode: "one-shot", session_id: other.session_id });
    await ended(denied.run_id, "failed");
    assertEquals(await pending(server, other.session_id), []);
    assertEquals(page.seen, ["GET /x", "GET /x"]);
  } finally {
    await server.close();
  }
});

Deno.test("[GATES-E4] a standing answer is listed and taken back from the command line: the next run asks; again is harmless", async () => {
  await using page = site();
  const server = await startServer({ env: { HOLDFAST_NET_PRIVATE: page.host } });
  try {
    const task = book(`console.log(await (await fetch("http://${page.host}/x")).text());`);
    const { session_id, run_id } = await startTask(server, task);
    await until(async () => (await pending(server, session_id)).length === 1, "the question");
    const id = (await pending(server, session_id))[0]?.approval_id ?? "";
    await cli(server, ["approvals", "approve", id, "--session"]);
    await until(async () => (await ask(server, "GET", `/api/runs/${run_id}`))["status"] === "completed", "the end");
    const list = await cli(server, ["sessions", "grants", session_id]);
    assertMatch(list.out, new RegExp(`${id} +allowed +\\S+ \\S+ +Administrator +Reach ${page.host}`));
    const back = ["sessions", "take-back", session_id, id];
    for (const { code, out } of [await cli(server, back), await cli(server, back)]) {
      assertEquals([code, out], [0, "Taken back; the next step that wants it asks again\n"]);
    }
    assertEquals((await ask(server, "GET", `/api/sessions/${session_id}/grants`))["grants"], []);
    const none = await cli(server, ["sessions", "take-back", session_id, session_id]);
    assertEquals([none.code, none.err.includes("holds no such standing answer")], [3, true]);
    const told = (await allEvents(server, session_id)).filter((event) => event.data["taken_back"] !== undefined);
    assertEquals(told.map((event) => event.data["taken_back"]), [
      { text: `Reach ${page.host}`, by: "Administrator" },
    ]);
    await startTask(server, task, { mode: "one-shot", session_id });
    await until(async () => (await pending(server, session_id)).length === 1, "the question again");
  } finally {
    await server.close();
  }
});

Deno.test("[GATES-E3] loopback, metadata, the server's own door and files outside stay denied without a question, by redirect too", async () => {
  await using page = site();
  const server = await startServer({ env: { HOLDFAST_NET_PRIVATE: page.host } });
  try {
    const tries = [
      `await fetch("http://169.254.169.254/latest/meta-data")`,
      `await fetch("${server.url}/api/health")`,
      `await fetch("http://metadata.google.internal/")`,
      `Deno.readTextFileSync("${server.data}/holdfast.kv")`,
      `Deno.readTextFileSync("/etc/passwd")`,
      `await new Deno.Command("id").output()`,
      `Deno.env.get("HOME")`,
    ];
    for (const code of tries) {
      const { session_id, run_id } = await startTask(server, book(`console.log(${code});`));
      await until(async () => (await ask(server, "GET", `/api/runs/${run_id}`))["status"] === "failed", code);
      const asked = (await allEvents(server, session_id)).filter((event) => event.event_type === "approval_requested");
      assertEquals(asked, [], code);
    }
    const granted = { mode: "one-shot", grants: { read: [], net: [page.host, "169.254.169.254"] } };
    const { session_id, run_id } = await startTask(
      server,
      book(`await fetch("http://${page.host}/to-metadata");`),
      granted,
    );
    await until(async () => (await ask(server, "GET", `/api/runs/${run_id}`))["status"] === "failed", "the redirect");
    const lines = (await allEvents(server, session_id)).map((event) => `${event.data["message"]}`).join("\n");
    assertStringIncludes(lines, "lies on a private address");
  } finally {
    await server.close();
  }
});
