// `drill`: what an operator sees when a server is killed in front of them.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { startServer, type TestServer } from "../support/server.ts";
import { send } from "./support/api.ts";
import { cli } from "./support/command.ts";
import { removeFolder } from "../support/remove_folder.ts";

const NOWHERE = { url: "http://127.0.0.1:9", token: "t".repeat(20), data: "/nonexistent" };

Deno.test("[DRILL1] a server of its own is killed: times from the kill, nothing lost, nothing repeated, nothing left", async () => {
  const folder = await Deno.makeTempDir({ prefix: "holdfast-test-" });
  try {
    const { code, out, err } = await cli(NOWHERE, ["drill", "--data", folder]);
    assertEquals(code, 0, out + err);
    assertMatch(out, /detected after +\d+ ms/);
    assertMatch(out, /recovery time +\d+ ms/);
    assertMatch(out, /lost +0 \(of [1-9]\d* lines/);
    assertMatch(out, /repeated +0 \(and 1 block/);
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  } finally {
    await removeFolder(folder);
  }
});

Deno.test("[DRILL2] with --pid the server of the host is killed, and the drill waits until it is started again", async () => {
  const data = await Deno.makeTempDir({ prefix: "holdfast-test-" });
  const first = await startServer({ data });
  let second: TestServer | null = null;
  const supervised = first.ended.then(async () => second = await startServer({ data, port: first.port }));
  try {
    const { code, out, err } = await cli(first, ["drill", "--pid", `${first.pid}`, "--json"]);
    assertEquals(code, 0, out + err);
    await supervised;
    const outcome = JSON.parse(out);
    assertEquals([outcome.pid, outcome.lost, outcome.repeated, outcome.cut_off], [first.pid, 0, 0, 1]);
    assert(outcome.detected_ms <= outcome.ready_ms && outcome.ready_ms <= outcome.recovered_ms, out);
    assertEquals((await send(first, "GET", "/api/sessions")).json?.["total"], 0);
  } finally {
    await supervised;
    await (second as TestServer | null)?.close();
    await removeFolder(data);
  }
});

Deno.test("[DRILL3] a folder that is not there is refused by name", async () => {
  const wrong = await cli(NOWHERE, ["drill", "--data", "/nonexistent/folder"]);
  assertEquals(wrong.code, 2, wrong.out);
  assertMatch(wrong.err, /^Cannot make a folder for the drill in "\/nonexistent\/folder": /);
});
