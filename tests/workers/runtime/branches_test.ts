import { assert, assertEquals } from "@std/assert";
import { type Ctx, Failure } from "../../../workers/sdk/mod.ts";
import { Sandbox, started, workflow } from "../sandbox.ts";

Deno.test("[WK-BR1] map runs its branches at once, at most `limit`, in the order of the items", async () => {
  const box = await started((ctx) =>
    ctx.map("m", ["a", "b", "c"], { key: (item) => item, limit: 2 }, (item) => ctx.step("s", () => item))
  );
  assertEquals(box.begun, ["m/a/s", "m/b/s"]);
  await box.run("m/b/s");
  assertEquals(box.begun, ["m/a/s", "m/b/s", "m/c/s"]);
  await box.run("m/a/s");
  await box.run("m/c/s");
  assertEquals(box.value, ["a", "b", "c"]);
});

Deno.test("[WK-BR2] a map tells its size, each branch its begin and end", async () => {
  const box = await started((ctx) => ctx.map("m", [7, 8], { key: String, title: "Pages" }, (item) => item));
  assertEquals(box.value, [7, 8]);
  assertEquals(
    box.of("scope_begin").map(({ key, kind, title, total, pos }) => [key, kind, title, total ?? null, pos]),
    [
      ["m", "map", "Pages", 2, 0],
      ["m/7", "branch", "7", null, 0],
      ["m/8", "branch", "8", null, 1],
    ],
  );
  assertEquals(box.of("scope_end").map(({ key, status }) => [key, status]), [
    ["m/7", "done"],
    ["m/8", "done"],
    ["m", "done"],
  ]);
});

Deno.test("[WK-BR3] a map of nothing is done at once", async () => {
  const box = await started((ctx) => ctx.map("m", [], { key: String }, () => 1));
  assertEquals(box.value, []);
});

Deno.test("[WK-BR4] keys that come twice are counted", async () => {
  const box = await started((ctx) => ctx.map("m", [1, 1], { key: String }, (_item, i) => ctx.step("s", () => i)));
  assertEquals(box.begun, ["m/1/s", "m/1#2/s"]);
  assertEquals(box.of("scope_begin").map(({ attempt }) => attempt), [1, 1, 1]);
});

Deno.test("[WK-BR5] the first failure drops the others: no leaf of them begins, settles or speaks again", async () => {
  const seen: string[] = [];
  const box = await started(async (ctx) => {
    try {
      await ctx.all("m", {
        a: async () => void await ctx.step("s", () => 1),
        b: async () => {
          try {
            await ctx.step("s", () => 1);
            seen.push("settled");
            ctx.emit("warning", { code: "spoke", message: "" });
            await ctx.step("next", () => 1);
          } catch {
            seen.push("caught");
          } finally {
            seen.push("finally");
          }
        },
      });
    } catch (error) {
      return error instanceof Failure ? error.code : "?";
    }
    return "not thrown";
  });
  await box.began("m/b/s");
  await box.fail("m/a/s", "broken");
  assertEquals(box.value, "broken");
  assertEquals([seen, box.begun, box.said], [[], ["m/a/s", "m/b/s"], []]);
  assertEquals(box.of("scope_end"), [
    { type: "scope_end", key: "m/a", status: "failed", error: "no" },
    { type: "scope_end", key: "m/b", status: "dropped", dropped: ["m/b/s"] },
    { type: "scope_end", key: "m", status: "failed", error: "no" },
  ]);
});

Deno.test("[WK-BR6] an entry that comes after its branch was dropped is passed over", async () => {
  const box = await started(async (ctx) => {
    try {
      await ctx.map("m", ["a", "b"], { key: (key) => key }, () => ctx.exec("s", { code: "" }));
    } catch {
      // The run goes on without them.
    }
    return (await ctx.exec("then", { code: "" })).ok;
  });
  await box.began("m/b/s");
  await box.fail("m/a/s", "broken");
  await box.settle("m/b/s", { ok: true });
  await box.settle("then", { ok: true, value: { ok: true } });
  assertEquals(box.value, true);
});

Deno.test("[WK-BR7] a step of a dropped branch is aborted, and its end is not heard", async () => {
  let signal: AbortSignal | null = null;
  let finish: (value: number) => void = () => {};
  const box = await started((ctx) =>
    ctx.all("m", {
      a: () => ctx.exec("s", { code: "" }),
      b: () =>
        ctx.step("s", (step) => {
          signal = step.signal;
          return new Promise((resolve) => finish = resolve);
        }),
    })
  );
  await box.began("m/b/s");
  await box.fail("m/a/s", "broken");
  assertEquals(signal!.aborted, true);
  finish(1);
  await box.rest();
  assertEquals(box.of("end"), []);
  assertEquals(box.failure.code, "broken");
});

Deno.test("[WK-BR8] a group inside a dropped branch is dropped with it, the innermost first", async () => {
  const box = await started((ctx) =>
    ctx.all("m", {
      a: () => ctx.exec("s", { code: "" }),
      b: () => ctx.group("g", "G", () => ctx.exec("s", { code: "" })),
    })
  );
  await box.began("m/b/g/s");
  await box.fail("m/a/s", "broken");
  assertEquals(box.of("scope_end").map(({ key, status, dropped }) => [key, status, dropped ?? null]), [
    ["m/a", "failed", null],
    ["m/b/g", "dropped", ["m/b/g/s"]],
    ["m/b", "dropped", null],
    ["m", "failed", null],
  ]);
});

Deno.test("[WK-BR9] collect ends each branch as value or failure", async () => {
  const box = await started(async (ctx) => {
    const outcomes = await ctx.map("m", [1, 2], { key: String, errors: "collect" }, (item) => {
      if (item === 1) throw new Failure("one", "is broken");
      return item;
    });
    return outcomes.map((outcome) => outcome.ok ? outcome.value : [outcome.failure.code, outcome.failure.message]);
  });
  assertEquals(box.value, [["one", "is broken"], 2]);
});

Deno.test("[WK-BR10] an error that is no Failure stops a map that collects, and ends the run", async () => {
  const box = await started((ctx) =>
    ctx.map("m", [1, 2], { key: String, errors: "collect" }, async (item) => {
      if (item === 1) throw new TypeError("oh");
      return (await ctx.exec("s", { code: "" })).ok;
    })
  );
  assertEquals(box.failure, { code: "error", message: "TypeError: oh" });
  assertEquals(box.of("scope_end").map(({ key, status }) => [key, status]), [
    ["m/1", "failed"],
    ["m/2", "dropped"],
    ["m", "failed"],
  ]);
});

Deno.test("[WK-BR11] all gives a record and runs all its branches under its own limit", async () => {
  const box = await started((ctx) => ctx.all("x", { a: () => 1, b: () => ctx.step("s", () => "two") }));
  await box.run("x/b/s");
  assertEquals(box.value, { a: 1, b: "two" });
  assertEquals(box.of("scope_begin").map(({ key, kind }) => [key, kind]), [["x", "all"], ["x/a", "branch"], [
    "x/b",
    "branch",
  ]]);
});

Deno.test("[WK-BR12] a branch is known by its async context, not by the ctx that it holds", async () => {
  const held: { ctx: Ctx | null } = { ctx: null };
  const helper = () => held.ctx!.step("s", () => 1);
  const box = await started((ctx) => {
    held.ctx = ctx;
    return ctx.all("x", { a: helper, b: () => ctx.group("g", "G", helper) });
  });
  assertEquals(box.begun, ["x/a/s", "x/b/g/s"]);
});

Deno.test("[WK-BR13] options of branches that cannot be are refused", async () => {
  const box = await started(async (ctx) => {
    const codes: string[] = [];
    const note = (error: unknown) => void codes.push(error instanceof Failure ? error.code : "?");
    await ctx.map("m", [1], { key: String, limit: 0 }, () => 1).catch(note);
    await ctx.map("m", [1], {} as never, () => 1).catch(note);
    await ctx.map("m", [1], { key: () => "" }, () => 1).catch(note);
    await ctx.all("m", { a: () => 1 }, { errors: "maybe" as never }).catch(note);
    return codes;
  });
  assertEquals(box.value, ["bad_args", "bad_args", "bad_name", "bad_args"]);
});

Deno.test("[WK-BR14] branches that end in one turn are all heard before the map ends", async () => {
  const box = await started((ctx) =>
    ctx.map("m", [1, 2, 3], { key: String }, async (item) => {
      await null;
      return item;
    })
  );
  assertEquals(box.value, [1, 2, 3]);
});

Deno.test("[WK-BR15] shared variables replay as they ran: first one wins", async () => {
  const flow = workflow(async (ctx) => {
    let winner = "";
    await ctx.map("m", ["a", "b"], { key: (key) => key }, async (key) => {
      await ctx.exec("race", { code: key });
      if (winner === "") {
        winner = key;
        await ctx.exec("prize", { code: key });
      }
    });
    return winner;
  });
  const first = await new Sandbox(flow).start();
  await first.settle("m/b/race", {});
  first.commit("m/a/race", {});
  const second = await new Sandbox(flow, { journal: first.journal }).start();
  assertEquals(second.begun, ["m/b/prize"]);
  await second.settle("m/b/prize", {});
  assert(second.value === "b");
});

Deno.test("[WK-BR16] code of a dropped branch never has what it awaited, and begins and says nothing when it goes on", async () => {
  const went: string[] = [];
  let goOn: () => void = () => {};
  const outside = new Promise<void>((resolve) => goOn = resolve);
  const box = await started(async (ctx) => {
    try {
      await ctx.all("m", {
        a: () => ctx.exec("s", { code: "" }),
        b: async () => {
          await ctx.exec("s", { code: "" });
          went.push("b");
        },
        c: async () => {
          await outside;
          went.push("c");
          ctx.emit("warning", { code: "spoke", message: "" });
          ctx.skip("later", "Later", "dropped");
          await ctx.exec("s", { code: "" });
          went.push("c after");
        },
      });
    } catch {
      // The run goes on without them.
    }
    await ctx.exec("then", { code: "" });
  });
  await box.began("m/b/s");
  await box.fail("m/a/s", "broken");
  await box.settle("m/b/s", { ok: true });
  goOn();
  await box.rest();
  assertEquals([went, box.begun, box.said], [["c"], ["m/a/s", "m/b/s", "then"], []]);
});
