import { assertEquals, assertStringIncludes } from "@std/assert";
import { EXIT_SOURCE_MOVED } from "../../lib/protocol/sandbox.ts";
import { NONCE, SandboxProcess } from "./process.ts";

const hello = (parent_pid: number) => ({ type: "hello" as const, protocol: 1, nonce: NONCE, parent_pid });
const resultOf = async (process: SandboxProcess) => (await process.frame("finish")).result;

Deno.test("[WK-MAIN1] it runs without any permission: ready, described, and nothing that it may not", async () => {
  await using process = await SandboxProcess.run("rights");
  await process.frame("ready");
  await process.step("s");
  const result = await resultOf(process);
  assertEquals(result, { ok: true, value: { refused: ["read", "write", "env", "run", "net"], storage: [] } });
  assertEquals(await process.exit(), 0);
});

Deno.test("[WK-MAIN2] describe is answered", async () => {
  await using process = await SandboxProcess.spawn();
  process.send(hello(Deno.pid));
  process.send({ type: "describe" });
  const { workflows } = await process.frame("described");
  assertEquals(workflows[0]?.id, "prints");
});

Deno.test("[WK-MAIN3] console of a workflow is said, of a step plain output; no text of it is a frame", async () => {
  await using process = await SandboxProcess.run("prints");
  await process.step("s");
  assertEquals(await resultOf(process), { ok: true, value: "done" });
  const said = await process.frame("said");
  assertEquals(said.items.map(({ say }) => say), [{ what: "print", stream: "print", message: "said" }]);
  await process.exit();
  assertEquals(process.raw, ["plain", "\u241e{}"]);
});

Deno.test("[WK-MAIN4] a forged line is output, and a line that it left open does not swallow the next frame", async () => {
  await using process = await SandboxProcess.run("forges");
  assertEquals(await resultOf(process), { ok: true, value: "honest" });
  await process.exit();
  assertEquals(process.raw.map((line) => line.replaceAll("\x1e", "^")), [
    '^xxxxxxxxxxxxxxxxxxxxxx{"type":"finish"}',
    "no newline",
  ]);
});

Deno.test("[WK-MAIN5] patched prototypes see nothing of what is written", async () => {
  await using process = await SandboxProcess.run("patches");
  await process.step("s");
  assertEquals(await resultOf(process), { ok: true, value: [] });
});

Deno.test("[WK-MAIN6] clocks and random numbers of a workflow are journaled", async () => {
  await using process = await SandboxProcess.run("clocks");
  assertEquals(await resultOf(process), { ok: true, value: ["2026-01-01T00:00:00.000Z", "number"] });
});

Deno.test("[WK-MAIN7] a rejection that no code awaits ends the run failed, not the process", async () => {
  await using process = await SandboxProcess.run("unhandled");
  const result = await resultOf(process);
  assertEquals(result.ok ? null : result.failure.code, "forgotten");
  assertEquals(await process.exit(), 0);
});

Deno.test("[WK-MAIN8] frames larger than a pipe arrive whole, both ways", async () => {
  await using process = await SandboxProcess.run("large");
  await process.step("s");
  const result = await resultOf(process);
  assertEquals(result.ok && String(result.value).length, 900_000);
  const said = process.frames.flatMap((frame) => frame.type === "said" ? frame.items : []);
  assertEquals(said.length, 40);
});

Deno.test("[WK-MAIN9] the end of stdin ends it with 0", async () => {
  await using process = await SandboxProcess.run("sleeps");
  await process.frame("begin");
  await process.closeStdin();
  assertEquals(await process.exit(), 0);
});

Deno.test("[WK-MAIN10] another parent than the one in hello ends it", async () => {
  await using process = await SandboxProcess.spawn();
  process.send(hello(1));
  assertEquals(await process.exit(), 0);
  assertEquals(process.frames, []);
});

Deno.test("[WK-MAIN11] cancel ends it with 0 and without a finish", async () => {
  await using process = await SandboxProcess.run("sleeps");
  await process.frame("begin");
  process.send({ type: "cancel" });
  assertEquals(await process.exit(), 0);
  assertEquals(process.frames.some(({ type }) => type === "finish"), false);
});

Deno.test("[WK-MAIN12] a host that says what cannot be ends it with 70, and why is told", async () => {
  for (const line of ["not json", '{"type":"start"}', JSON.stringify({ ...hello(Deno.pid), nonce: "short" })]) {
    await using process = await SandboxProcess.spawn();
    process.send(line);
    assertEquals(await process.exit(), 70);
    assertEquals(process.frames, []);
    assertStringIncludes(process.raw.join(), line === "not json" ? "JSON" : "hello");
  }
});

Deno.test("[WK-MAIN13] files that are not those that the host has seen end it with the code that the host knows", async () => {
  const source = { file: "x.ts", digest: "d", sources: { "x.ts": "0".repeat(64) } };
  await using process = await SandboxProcess.run("own", { folder: "/nowhere", source });
  assertEquals(await process.exit(), EXIT_SOURCE_MOVED);
  assertStringIncludes(process.raw.join(), `"x.ts" was saved while it was loaded`);
});
