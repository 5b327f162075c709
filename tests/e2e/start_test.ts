// How a server starts: what it says of it.
import { assert, assertEquals } from "@std/assert";
import { ensureBuilt, PROGRAM } from "../support/server.ts";
import { removeFolder } from "../support/remove_folder.ts";

Deno.test("[PROC5] the first line for programs says what of the start was reached when, the port last", async () => {
  await ensureBuilt();
  const data = await Deno.makeTempDir();
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "--quiet", "--allow-all", PROGRAM],
      env: { NO_COLOR: "1", PORT: "0", HOLDFAST_DATA: data, LOG_JSON: "true" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    let said: { phases?: Record<string, number>; ready_ms?: number } = {};
    let text = "";
    for await (const part of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += part;
      const line = /^\{.*"process\.ready".*\}$/m.exec(text)?.[0];
      if (line === undefined || said.phases !== undefined) continue;
      said = JSON.parse(line);
      child.kill("SIGTERM");
    }
    assertEquals((await child.status).code, 0, text);
    const { phases = {}, ready_ms = -1 } = said;
    assertEquals(Object.keys(phases), ["program", "lock", "store and walls", "recovery", "port"]);
    const times = Object.values(phases);
    assertEquals(times, times.toSorted((a, b) => a - b));
    assert(times.every((time) => time > 0 && time <= ready_ms + 1), JSON.stringify(said));
  } finally {
    await removeFolder(data);
  }
});
