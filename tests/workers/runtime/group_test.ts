import { assertEquals, assertStringIncludes } from "@std/assert";
import { Failure } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

Deno.test("[WK-GRP1] a group tells when it begins and ends, with what people see", async () => {
  const box = await started(async (ctx) => {
    await ctx.step("first", () => 1);
    await ctx.group("plan", "The plan", () => 2);
  });
  await box.run("first");
  assertEquals(box.frames.filter(({ type }) => type.startsWith("scope")), [
    {
      type: "scope_begin",
      key: "plan",
      parent: "",
      pos: 1,
      kind: "group",
      id: "plan",
      title: "The plan",
      step_id: "plan",
      attempt: 1,
    },
    { type: "scope_end", key: "plan", status: "done" },
  ]);
});

Deno.test("[WK-GRP2] the same id again is the next attempt of the same step", async () => {
  const box = await started(async (ctx) => {
    for (let i = 1; i <= 3; i++) {
      try {
        await ctx.group("s", "S", () => {
          if (i < 3) throw new Failure("again", `${i}`);
        });
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    }
  });
  assertEquals(box.of("scope_begin").map(({ key, step_id, attempt }) => [key, step_id, attempt]), [
    ["s", "s", 1],
    ["s#2", "s", 2],
    ["s#3", "s", 3],
  ]);
  assertEquals(box.of("scope_end").map(({ key, status, error }) => [key, status, error ?? null]), [
    ["s", "failed", "1"],
    ["s#2", "failed", "2"],
    ["s#3", "done", null],
  ]);
});

Deno.test("[WK-GRP3] a wake does not raise the attempt of a group, and tells neither begin nor end again", async () => {
  const flow = workflow(async (ctx) => {
    await ctx.group("done", "Done", () => ctx.step("a", () => 1));
    await ctx.group("open", "Open", () => ctx.step("b", () => 1));
  });
  const first = await new Sandbox(flow).start();
  await first.run("done/a");
  await first.began("open/b");
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(second.frames.map(({ type }) => type), ["ready", "begin"]);
  await second.run("open/b");
  assertEquals(second.of("scope_end").map(({ key }) => key), ["open"]);
  assertEquals(second.of("scope_begin"), []);
});

Deno.test("[WK-GRP4] two open leaves in one scope end the run concurrent_step", async () => {
  const box = await started((ctx) => Promise.all([ctx.step("a", () => 1), ctx.step("b", () => 1)]));
  assertEquals([box.mismatch.code, box.over], ["concurrent_step", "mismatch"]);
  assertStringIncludes(box.mismatch.message, `"b"`);
  assertStringIncludes(box.mismatch.message, `"a"`);
});

Deno.test("[WK-GRP5] a leaf beside an open group or map ends the run concurrent_step", async () => {
  const group = await started((ctx) =>
    Promise.all([ctx.group("g", "G", () => ctx.step("a", () => 1)), ctx.step("b", () => 1)])
  );
  const map = await started((ctx) =>
    Promise.all([ctx.map("m", [1], { key: String }, () => ctx.step("a", () => 1)), ctx.group("g", "G", () => 1)])
  );
  assertEquals([group.mismatch.code, map.mismatch.code], ["concurrent_step", "concurrent_step"]);
});

Deno.test("[WK-GRP6] a leaf that is not awaited when its scope ends ends the run concurrent_step", async () => {
  const box = await started((ctx) => ctx.group("g", "G", () => void ctx.step("a", () => 1)));
  assertEquals(box.mismatch.code, "concurrent_step");
});

Deno.test("[WK-GRP7] a call in a scope that has ended ends the run concurrent_step", async () => {
  const box = await started(async (ctx) => {
    let late: Promise<unknown> = Promise.resolve();
    await ctx.group("g", "G", () => {
      late = Promise.resolve().then(() => Promise.resolve()).then(async () => {
        for (let i = 0; i < 10; i++) await null;
        await ctx.step("late", () => 1);
      });
    });
    await late;
  });
  assertEquals(box.mismatch.code, "concurrent_step");
  assertStringIncludes(box.mismatch.message, "late");
});

Deno.test("[WK-GRP8] after concurrent_step no code goes on", async () => {
  const seen: string[] = [];
  await started(async (ctx) => {
    try {
      await Promise.all([ctx.step("a", () => 1), ctx.step("b", () => 1)]);
    } catch {
      seen.push("caught");
    } finally {
      seen.push("finally");
    }
  });
  assertEquals(seen, []);
});
