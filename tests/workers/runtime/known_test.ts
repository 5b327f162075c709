import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { defineWorkflow, Failure, z } from "../../../workers/sdk/mod.ts";
import { CREATED_MS, Sandbox, started, workflow } from "../sandbox.ts";

Deno.test("[WK-KNOW1] ctx.now is the time of the scope's last entry, and of the run before the first", async () => {
  const box = await started(async (ctx) => {
    const times = [ctx.now()];
    await ctx.step("a", () => 1);
    times.push(ctx.now());
    await ctx.group("g", "G", async () => {
      times.push(ctx.now());
      await ctx.step("b", () => 1);
      times.push(ctx.now());
    });
    return [...times, ctx.now()].map((time) => time - CREATED_MS);
  });
  await box.run("a");
  await box.run("g/b");
  assertEquals(box.value, [0, 1000, 1000, 2000, 2000]);
});

Deno.test("[WK-KNOW2] what happens in one branch does not move the time of another", async () => {
  const box = await started((ctx) =>
    ctx.all("all", {
      a: async () => {
        await ctx.step("x", () => 1);
        return ctx.now() - CREATED_MS;
      },
      b: async () => {
        await ctx.step("x", () => 1);
        return ctx.now() - CREATED_MS;
      },
    })
  );
  await box.run("all/b/x");
  await box.run("all/a/x");
  assertEquals(box.value, { a: 2000, b: 1000 });
});

Deno.test("[WK-KNOW3] random numbers and uuids are the same in a replay, and others in another scope or run", async () => {
  const flow = workflow(async (ctx) => {
    const own = [ctx.random(), ctx.uuid()];
    return [own, await ctx.group("g", "G", () => [ctx.random(), ctx.uuid()])];
  });
  const one = (await new Sandbox(flow).start()).value;
  const two = (await new Sandbox(flow).start()).value;
  const other = (await new Sandbox(flow, { start: { run_id: "run-2" } }).start()).value;
  assertEquals(one, two);
  assertNotEquals(one, other);
  assert(Array.isArray(one) && Array.isArray(one[0]));
  assertNotEquals(one[0], one[1]);
  assertMatch(String(one[0][1]), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
});

Deno.test("[WK-KNOW4] config is parsed once by the workflow's schema, with its defaults", async () => {
  const config = z.strictObject({ depth: z.number().default(3), name: z.string() });
  const flow = defineWorkflow({ id: "test", config, run: (ctx) => ({ ...ctx.config, task: ctx.task, run: ctx.run }) });
  const box = await new Sandbox(flow, { start: { config: { name: "n" } } }).start();
  assertEquals(box.value, {
    depth: 3,
    name: "n",
    task: "the task",
    run: { run_id: "run-1", session_id: "session-1", workflow: "test" },
  });
});

Deno.test("[WK-KNOW13] the keys of every mode are the host's: a workflow's schema is asked only about those that it names", async () => {
  const given = { maxTokens: 100, runTimeout: 60, grants: { read: [], net: [] }, depth: 1 };
  const seen: unknown[] = [];
  for (
    const config of [z.strictObject({ depth: z.number() }), z.strictObject({ depth: z.number(), maxTokens: z.int() })]
  ) {
    const flow = defineWorkflow({ id: "test", config, run: (ctx) => ctx.config });
    const box = await new Sandbox(flow, { start: { config: given } }).start();
    seen.push(...box.configs);
  }
  assertEquals(seen, [{ depth: 1 }, { depth: 1, maxTokens: 100 }]);
});

Deno.test("[WK-KNOW10] a later start gets the config as it was parsed, also when the schema would refuse it by now", async () => {
  const config = z.strictObject({ depth: z.number().default(3) });
  const flow = defineWorkflow({ id: "test", config, run: (ctx) => ctx.config });
  const first = await new Sandbox(flow, { start: { config: {} } }).start();
  assertEquals(first.configs, [{ depth: 3 }]);
  const changed = defineWorkflow({
    id: "test",
    config: z.strictObject({ width: z.number() }),
    run: (ctx) => ctx.config,
  });
  const later = await new Sandbox(changed, { start: { config: { depth: 3 }, parsed: true } }).start();
  assertEquals([later.value, later.configs], [{ depth: 3 }, []]);
});

Deno.test("[WK-KNOW11] a config that is no plain data ends the run", async () => {
  const config = z.strictObject({ at: z.string().transform((text) => new Date(text)) });
  const flow = defineWorkflow({ id: "test", config, run: () => 1 });
  const box = await new Sandbox(flow, { start: { config: { at: "2026-01-01" } } }).start();
  assertEquals(box.failure.code, "not_json");
});

Deno.test("[WK-KNOW5] a config that does not fit ends the run invalid_config", async () => {
  const box = await new Sandbox(workflow(() => 1), { start: { config: { foreign: true } } }).start();
  assertEquals(box.failure.code, "invalid_config");
});

Deno.test("[WK-KNOW6] ctx.version is the version that the run began with", async () => {
  const flow = workflow((ctx) => ctx.version, 3);
  assertEquals((await new Sandbox(flow).start()).value, 3);
  assertEquals((await new Sandbox(flow, { start: { version: 2 } }).start()).value, 2);
});

Deno.test("[WK-KNOW7] history holds the messages of earlier runs", async () => {
  const history = [{ role: "user", agent: "user", content: "hi", timestamp: "2026-01-01T00:00:00.000Z" }];
  const box = await started((ctx) => [...ctx.history], { start: { history } });
  assertEquals(box.value, history);
});

Deno.test("[WK-KNOW8] memory gives what the session held at the start and own sets, and refuses what does not fit", async () => {
  const box = await started((ctx) => {
    const before = ctx.memory.get(z.number(), "count");
    ctx.memory.set("count", 2);
    let code = "";
    try {
      ctx.memory.get(z.string(), "count");
    } catch (error) {
      code = error instanceof Failure ? error.code : "?";
    }
    return [before, ctx.memory.get(z.number(), "count"), ctx.memory.get(z.number(), "absent") ?? null, code];
  }, { start: { memory: { count: 1 } } });
  assertEquals(box.value, [1, 2, null, "bad_memory"]);
  assertEquals(box.said, [["", 0, 1, { what: "memory", key: "count", value: 2 }]]);
});

Deno.test("[WK-KNOW9] the name of a variable has 1 to 200 characters", async () => {
  const box = await started((ctx) => ctx.memory.set("", 1));
  assertEquals(box.failure.code, "bad_args");
});
