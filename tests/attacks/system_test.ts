// Code from outside tries the environment, the network, other programs, the runtime's own back doors: attack table, system.
import { assert, assertEquals } from "@std/assert";
import { attack, attackInGroups, attemptAll } from "./arena.ts";
import { SYSTEM_GROUPS } from "./attempts/system.ts";
import { spec } from "../sandbox/support.ts";

attackInGroups(SYSTEM_GROUPS);

attack("[SBX-ATT-16] there is no network by datagrams either", async ({ run, port }) => {
  const result = await run(`
    import dgram from "node:dgram";
    const socket = dgram.createSocket("udp4");
    socket.send("x", ${port}, "127.0.0.1");`);
  assertEquals([result.ended, result.exit_code], ["denied", 77], result.stderr);
});

attack("[SBX-ATT-23] no process of the host is signalled or slowed down through them", async (arena) => {
  const victim = new Deno.Command("/bin/sleep", { args: ["60"] }).spawn();
  const nice = () => Deno.readTextFileSync(`/proc/${victim.pid}/stat`).split(") ")[1]?.split(" ")[16];
  const before = nice();
  await attemptAll(arena, [
    {
      name: "kill",
      code: `return Deno[Deno.internal].core.ops.op_node_process_kill(${victim.pid}, 9)`,
      expect: /^\w+: /,
    },
    {
      name: "priority",
      code: `return Deno[Deno.internal].core.ops.op_node_os_set_priority(${victim.pid}, 10)`,
      expect: /^\w+: /,
    },
    {
      name: "native",
      code: `return Deno[Deno.internal].core.ops.op_napi_open(A.inside + "/x.node", globalThis)`,
      expect: /^\w+: /,
    },
  ]);
  assertEquals(nice(), before);
  victim.kill("SIGKILL");
  assertEquals((await victim.status).signal, "SIGKILL");
});

const MEETING_MB = 1400; // Workers still see `caches`, and need address space
attack("[SBX-ATT-20] what one block stores outside its folder the next one does not find", async (arena) => {
  const code = `
    const source = \`(async () => {
      const found = [];
      try { found.push(localStorage.getItem("left") ?? "nothing"); } catch { found.push("closed"); }
      try {
        const cache = await caches.open("left");
        found.push(await cache.match("https://x.test/left") === undefined ? "nothing" : "something");
        await cache.put("https://x.test/left", new Response("left"));
      } catch { found.push("closed"); }
      postMessage(found.join());
    })()\`;
    const worker = new Worker("data:text/javascript," + encodeURIComponent(source), { type: "module" });
    console.log(await new Promise((resolve) => worker.onmessage = (event) => resolve(event.data)));
    Deno.exit(0);`;
  const first = await arena.run(spec(code, { memory_mb: MEETING_MB }));
  assertEquals(first.ended, "exit", first.stderr);
  const second = await arena.run(spec(code, { memory_mb: MEETING_MB }));
  const elsewhere = await arena.runElsewhere(spec(code, { memory_mb: MEETING_MB }));
  for (const { stdout } of [first, second, elsewhere]) assert(!stdout.includes("something"), stdout);
  assert(second.stdout !== "", second.stderr);
});

attack("[SBX-ATT-21] what it caches counts against it", async (arena) => {
  const code = `
    const source = \`(async () => {
      const cache = await caches.open("big");
      const mb = new Uint8Array(1e6);
      for (let i = 0; ; i++) await cache.put("https://x.test/" + i, new Response(crypto.getRandomValues(mb.subarray(0, 65536)) && mb.slice()));
    })()\`;
    new Worker("data:text/javascript," + encodeURIComponent(source), { type: "module" });
    await new Promise((resolve) => setTimeout(resolve, 15_000));`;
  const result = await arena.run(spec(code, { memory_mb: MEETING_MB }));
  assertEquals(result.ended, "disk", JSON.stringify(result).slice(0, 500));
});
