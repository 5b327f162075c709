// The host dies, or was given descriptors that it never asked for: nothing runs on, nothing is adopted.
import { assert, assertEquals, assertFalse, assertStringIncludes } from "@std/assert";
import { detectWalls } from "@/lib/sandbox/detect.ts";
import { ensureExecApp } from "@/lib/sandbox/exec_app.ts";
import { processesNaming, PROJECT, temporaryFolder, until } from "../sandbox/support.ts";

const HOST = `${PROJECT}/tests/attacks/host_program.ts`;
await ensureExecApp(PROJECT);

for (const level of ["limits", "bwrap", "plain"] as const) {
  const missing = await detectWalls({ isolation: level, deno: Deno.execPath() }).then(
    () => "",
    (error) => error.message,
  );
  Deno.test(
    `[SBX-ATT-30] kill -9 of the host leaves no process: ${level} ${missing}`,
    { ignore: missing !== "" },
    async () => {
      await using folder = temporaryFolder();
      const host = new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "-A",
          "--no-check",
          "--config",
          `${PROJECT}/deno.json`,
          HOST,
          folder.path,
          level,
          "console.log('block'); for (;;);",
        ],
        stdin: "null",
        stdout: "piped",
        stderr: "null",
      }).spawn();
      let said = "";
      const heard = (async () => {
        for await (const chunk of host.stdout) said += new TextDecoder().decode(chunk);
      })();
      await until(() => said.includes("block") && said.includes("flow"), 20_000, "the block and the workflow");
      // The block that spins, the one started ahead, the workflow that spins; a warm one comes and goes.
      await until(() => processesNaming(folder.path).length >= 3, 5000, "the processes");
      host.kill("SIGKILL");
      await host.status;
      await until(() => processesNaming(folder.path).length === 0, 2000, "the end of all processes");
      await heard;
    },
  );
}

/** Adopts every number that it can, says what it reads, and writes into each. */
const ADOPT = `
  import net from "node:net";
  const heard = [];
  for (let fd = 3; fd < 40; fd++) {
    try {
      const socket = new net.Socket({ fd });
      socket.on("data", (data) => heard.push(fd + ":" + data));
      socket.on("error", () => {});
      setTimeout(() => socket.write("planted"), 200); // a pipe that only reads would break at once
    } catch { continue; }
  }
  await new Promise((resolve) => setTimeout(resolve, 400));
  console.log("heard [" + heard.join() + "]");
  Deno.exit(0);`;

/** Runs a command that inherits a pipe that never falls silent and a socket; what it said and what the socket heard. */
async function inheriting(canary: string, words: string[]): Promise<{ said: string; planted: boolean }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pipe = `exec 7< <(while :; do echo ${canary}; sleep 0.05; done)`;
  const script = `${pipe}; exec 9<>/dev/tcp/127.0.0.1/${listener.addr.port}; exec "$@"`;
  const running = new Deno.Command("/bin/bash", { args: ["-c", script, "host", ...words], stderr: "piped" }).output();
  const connection = await listener.accept();
  let heard = "";
  const hearing = (async () => {
    for await (const chunk of connection.readable) heard += new TextDecoder().decode(chunk);
  })().catch(() => {});
  const { stdout } = await running;
  await hearing; // the last copy of the socket is gone with the last process
  listener.close();
  return { said: new TextDecoder().decode(stdout), planted: heard.includes("planted") };
}

for (const level of ["limits", "bwrap"] as const) {
  const missing = await detectWalls({ isolation: level, deno: Deno.execPath() }).then(
    () => "",
    (error) => error.message,
  );
  Deno.test(`[SBX-ATT-31] a pipe and a socket that the host inherited are not there inside: ${level} ${missing}`, {
    ignore: missing !== "",
  }, async () => {
    await using folder = temporaryFolder();
    const canary = `canary-${crypto.randomUUID()}`;
    const args = ["run", "-A", "--no-check", "--config", `${PROJECT}/deno.json`, HOST, folder.path, level, ADOPT];
    const { said, planted } = await inheriting(canary, [Deno.execPath(), ...args]);
    assertStringIncludes(said, "heard [");
    assertFalse(said.includes(canary));
    assertFalse(planted);
    assertEquals(processesNaming(folder.path), []);
  });
}

Deno.test("[SBX-ATT-31] the attack is sharp: without the wall a process without any right adopts both", async () => {
  await using folder = temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/adopt.ts`, ADOPT);
  const canary = `canary-${crypto.randomUUID()}`;
  const { said, planted } = await inheriting(canary, [
    Deno.execPath(),
    "run",
    "--no-prompt",
    `${folder.path}/adopt.ts`,
  ]);
  assertStringIncludes(said, canary);
  assert(planted);
});
