// A child and its tree: killed whole, and gone only when nothing is left.
import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { sampleProcess } from "@/lib/sandbox/process_tree.ts";
import { Subprocess } from "@/lib/sandbox/subprocess.ts";
import { type Breach, watch, type WatchLimits } from "@/lib/sandbox/watchdog.ts";
import { clock, temporaryFolder, until } from "./support.ts";

function shell(script: string, env: Record<string, string> = {}): Subprocess {
  return Subprocess.spawn({ program: "/bin/bash", args: ["-c", script], env, cwd: "/" }, clock);
}
const alive = (pid: number) => sampleProcess(pid)?.dead === false;
const nothing: WatchLimits = { memory_mb: 10_000, folders: [] };

async function broken(child: Subprocess, limits: Partial<WatchLimits>): Promise<{ breach: Breach; message: string }> {
  const found = Promise.withResolvers<{ breach: Breach; message: string }>();
  const stop = watch(child, {
    clock,
    limits: { ...nothing, ...limits },
    broken: (breach, message) => found.resolve({ breach, message }),
  });
  const result = await found.promise;
  stop();
  child.kill();
  await child.discard();
  await child.gone;
  return result;
}

Deno.test("[SBX-PROC-1] a process that the child left in the background is dead when the child is gone", async () => {
  const child = shell("/bin/sleep 100 & echo $!; exit 7");
  const [text, , gone] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.gone,
  ]);
  assertEquals([gone.exit_code, gone.left], [7, []]);
  assertFalse(alive(Number(text)));
});

Deno.test("[SBX-PROC-2] a kill reaches a process that left the group", async () => {
  const child = shell("/usr/bin/setsid /bin/sleep 100 & echo ready; wait");
  const reader = child.stdout.getReader();
  await reader.read();
  await until(() => child.sample().length === 2, 3000, "the tree");
  const pids = child.sample().map((sample) => sample.pid);
  const since = performance.now();
  child.kill();
  reader.releaseLock();
  await child.discard();
  await child.gone;
  assertLess(performance.now() - since, 10_000, "sleep 100 did not end by itself");
  for (const pid of pids) assertFalse(alive(pid));
});

Deno.test("[SBX-PROC-3] a stopped child, and one that ignores SIGTERM, die of kill", async () => {
  const deaf = shell("trap '' TERM; echo ready; while :; do :; done");
  const reader = deaf.stdout.getReader();
  await reader.read();
  deaf.terminate();
  await clock.sleep(50);
  assert(deaf.alive);
  const stopped = shell("kill -STOP $$");
  reader.releaseLock();
  for (const child of [deaf, stopped]) {
    child.kill();
    await child.discard();
    assertEquals((await child.gone).exit_code, 137);
  }
});

Deno.test("[SBX-PROC-4] writing to a child that is gone is no error", async () => {
  const child = shell("exec <&-; exit 0");
  await child.discard();
  await child.gone;
  for (let i = 0; i < 5; i++) child.writeLine("x".repeat(100_000));
  child.closeInput();
  assertFalse(child.alive);
});

Deno.test("[SBX-PROC-5] a child gets no variable but those given", async () => {
  const child = Subprocess.spawn({ program: "/usr/bin/env", args: [], env: { A: "1" }, cwd: "/" }, clock);
  const [text] = await Promise.all([new Response(child.stdout).text(), child.stderr.cancel(), child.gone]);
  assertEquals(text, "A=1\n");
});

Deno.test("[SBX-WATCH-1] memory counts over the whole tree", async () => {
  // A child of the child holds the memory: 60 MB of text in a shell variable.
  const child = shell("bash -c 'x=$(/usr/bin/head -c 60000000 /dev/zero | /usr/bin/tr \"\\0\" x); sleep 100' & wait");
  const { breach, message } = await broken(child, { memory_mb: 40 });
  assertEquals(breach, "memory");
  assert(message.includes("the limit is 40 MB"), message);
});

Deno.test("[SBX-WATCH-2] wall time", async () => {
  const since = performance.now();
  assertEquals((await broken(shell("sleep 100"), { wall_ms: 100 })).breach, "timeout");
  assertLess(performance.now() - since, 10_000);
});

Deno.test("[SBX-WATCH-3] processor time", async () => {
  assertEquals((await broken(shell("while :; do :; done"), { cpu_s: 0.2 })).breach, "cpu");
});

Deno.test("[SBX-WATCH-4] disk: bytes, count, depth", async () => {
  await using folder = temporaryFolder();
  const path = folder.path;
  const limits = { folders: [{ path, disk_mb: 5, entries: 50, name: "files" }] };
  const fill = [
    ["/usr/bin/head -c 8000000 /dev/zero > big; sleep 100", "MB"],
    ["for i in {1..60}; do : > f$i; done; sleep 100", "more than 50"],
    ["d=d; for i in {1..40}; do /bin/mkdir $d; d=$d/d; done; sleep 100", "too deep"],
  ];
  for (const [script, what] of fill) {
    for (const entry of Deno.readDirSync(path)) Deno.removeSync(`${path}/${entry.name}`, { recursive: true });
    const { breach, message } = await broken(shell(`cd ${path}; ${script}`), limits);
    assertEquals(breach, "disk");
    assert(message.includes(what ?? ""), message);
  }
});

Deno.test("[SBX-WATCH-5] a child within its limits is left alone, and no timer is left behind", async () => {
  const child = shell("sleep 0.4");
  let calls = 0;
  const stop = watch(child, { clock, limits: { ...nothing, wall_ms: 60_000, cpu_s: 5 }, broken: () => calls++ });
  await child.discard();
  await child.gone;
  stop();
  assertEquals(calls, 0);
});

const leader = (script: string) => ({
  program: "/usr/bin/setsid",
  args: ["/bin/bash", "-c", script],
  env: {},
  cwd: "/",
  back: 7,
  leads: true,
});
const shared = (pid: number) => {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/autogroup`).replace(/.*nice /, "").trim();
  } catch {
    return null; // processors are not shared out by session here
  }
};

Deno.test("[SBX-PROC-6] a child leads a session of its own, each session of its tree steps back, and the server's does not", async () => {
  const before = shared(Deno.pid);
  const child = Subprocess.spawn(leader("/usr/bin/setsid /bin/sleep 100 & wait"), clock);
  child.sample(); // perhaps before it leads its session: the server's must not be touched
  await until(() => new Set(child.sample().map((sample) => sample.session)).size === 2, 3000, "two sessions");
  for (const { pid } of child.sample()) if (before !== null) assertEquals(shared(pid), "7");
  assertEquals(sampleProcess(child.pid)?.session, child.pid);
  assertEquals(shared(Deno.pid), before);
  const pids = child.sample().map(({ pid }) => pid);
  child.kill();
  await child.discard();
  assertEquals((await child.gone).left, []);
  for (const pid of pids) assertFalse(alive(pid));
});

Deno.test("[SBX-PROC-7] a child that is killed before it leads its session is gone all the same", async () => {
  for (let n = 0; n < 10; n++) {
    const child = Subprocess.spawn(leader("/bin/sleep 100"), clock);
    child.kill();
    await child.discard();
    assertEquals((await child.gone).exit_code, 137);
  }
});
