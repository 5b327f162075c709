import { assertEquals, assertStringIncludes } from "@std/assert";
import type { RunStart } from "../../../lib/protocol/sandbox.ts";
import type { Ctx } from "../../../workers/sdk/mod.ts";
import { Sandbox, workflow } from "../sandbox.ts";

type Code = (ctx: Ctx) => unknown;
interface Change {
  version?: number;
  start?: Partial<RunStart>;
}
const exec = (ctx: Ctx, name: string, code = "") => ctx.exec(name, { code });

/** Runs `before` until `settled` have settled, then `after` with that journal. */
async function changed(before: Code, settled: string[], after: Code, change: Change = {}): Promise<Sandbox> {
  const first = await new Sandbox(workflow(before)).start();
  for (const key of settled) await first.settle(key, { ok: true, value: { value: 1 } });
  for (const frame of first.of("begin")) {
    if (first.journal.entries.get(frame.key) === undefined) first.journal.begin(frame);
  }
  const start = { source_digest: "a", version: 1, ...change.start };
  return await new Sandbox(workflow(after, change.version), { journal: first.journal, start }).start();
}

const two: Code = async (ctx) => {
  await exec(ctx, "a");
  await exec(ctx, "b");
};

Deno.test("[WK-MIS1] another name at a place is a mismatch that names both", async () => {
  const box = await changed(two, ["a", "b"], async (ctx) => {
    await exec(ctx, "a");
    await exec(ctx, "c");
  });
  assertEquals([box.mismatch.code, box.over], ["nondeterministic", "mismatch"]);
  assertStringIncludes(box.mismatch.message, `exec "c"`);
  assertStringIncludes(box.mismatch.message, `exec "b"`);
});

Deno.test("[WK-MIS2] another kind at a place is a mismatch, a scope for a leaf too", async () => {
  const kind = await changed(two, ["a"], (ctx) => ctx.step("a", () => 1));
  const scope = await changed(two, ["a"], (ctx) => ctx.group("a", "A", () => exec(ctx, "x")));
  const leaf = await changed((ctx) => ctx.group("a", "A", () => exec(ctx, "x")), ["a/x"], (ctx) => exec(ctx, "a"));
  const map = await changed(
    (ctx) => ctx.group("a", "A", () => exec(ctx, "x")),
    ["a/x"],
    (ctx) => ctx.map("a", [1], { key: String }, () => exec(ctx, "x")),
  );
  for (const box of [kind, scope, leaf, map]) assertEquals(box.mismatch.code, "nondeterministic");
});

Deno.test("[WK-MIS3] a leaf that is open in the journal must be called too", async () => {
  const box = await changed(two, ["a"], async (ctx) => {
    await exec(ctx, "a");
    await exec(ctx, "c");
  });
  assertStringIncludes(box.mismatch.message, `"b"`);
});

Deno.test("[WK-MIS4] an entry that is left when its scope ends is a mismatch", async () => {
  const root = await changed(two, ["a", "b"], (ctx) => exec(ctx, "a"));
  const group = await changed(
    (ctx) => ctx.group("g", "G", () => two(ctx)),
    ["g/a", "g/b"],
    (ctx) => ctx.group("g", "G", () => exec(ctx, "a")),
  );
  const thrown = await changed(two, ["a", "b"], async (ctx) => {
    await exec(ctx, "a");
    throw new Error("oh");
  });
  for (const box of [root, group, thrown]) {
    assertStringIncludes(box.mismatch.message, "had not called");
    assertEquals(box.of("finish"), []);
  }
});

Deno.test("[WK-MIS5] a leaf put in front of stored ones is a mismatch at once", async () => {
  const box = await changed(two, ["a", "b"], async (ctx) => {
    await exec(ctx, "new");
    await two(ctx);
  });
  assertStringIncludes(box.mismatch.message, `"new"`);
});

Deno.test("[WK-MIS6] the next entry that is not called within 5 s is a mismatch", async () => {
  const box = await changed(two, ["a", "b"], async (ctx) => {
    await exec(ctx, "a");
    await new Promise(() => {});
  });
  assertEquals(box.of("mismatch"), []);
  assertEquals(box.timers.map(({ ms }) => ms), [5000]);
  box.timers[0]!.fn();
  assertStringIncludes(box.mismatch.message, `"b"`);
  assertStringIncludes(box.mismatch.message, "5 s");
});

Deno.test("[WK-MIS7] no timer runs while entries are called in time", async () => {
  const box = await changed(two, ["a", "b"], two);
  assertEquals([box.timers, box.over], [[], "finished"]);
});

const asks = (id: string, title: string): Code => (ctx) =>
  ctx.approve("ok", { type: "step_approval", title, subject: { id } });

Deno.test("[WK-MIS8] an approval for another subject is a mismatch, answered or open, whatever the source", async () => {
  const open = await changed(asks("s", "T"), [], asks("x", "T"), { start: { source_digest: "a" } });
  assertStringIncludes(open.mismatch.message, "another type, subject or verbs");
  const first = await new Sandbox(workflow(asks("s", "T"))).start();
  await first.settle("ok", { verb: "approved", value: { id: "s" }, edited: false, feedback: null, by: "ada" });
  const answered = await new Sandbox(workflow(asks("x", "T"), 2), { journal: first.journal }).start();
  assertEquals(answered.mismatch.code, "nondeterministic");
});

Deno.test("[WK-MIS9] other texts of an approval are no mismatch", async () => {
  const box = await changed(asks("s", "T"), [], asks("s", "Another title"));
  assertEquals([box.over, box.begun], [null, ["ok"]]);
});

const withCode = (code: string): Code => async (ctx) => (await exec(ctx, "a", code)).value;

Deno.test("[WK-MIS10] other arguments are a mismatch when the source has changed and its version is not above the run's", async () => {
  const box = await changed(withCode("1"), ["a"], withCode("2"), { start: { source_digest: "older" } });
  assertStringIncludes(box.mismatch.message, "other arguments");
});

Deno.test("[WK-MIS11] other arguments pass when the version is above the run's, or the source is the same", async () => {
  const higher = await changed(withCode("1"), ["a"], withCode("2"), { version: 2, start: { source_digest: "older" } });
  const same = await changed(withCode("1"), ["a"], withCode("2"));
  assertEquals([higher.value, same.value], [1, 1]);
});

Deno.test("[WK-MIS12] ctx.version guards a leaf that is new", async () => {
  const box = await changed(two, ["a", "b"], async (ctx) => {
    await exec(ctx, "a");
    if (ctx.version >= 2) await exec(ctx, "new");
    await exec(ctx, "b");
  }, { version: 2, start: { source_digest: "older" } });
  assertEquals(box.over, "finished");
});

Deno.test("[WK-MIS13] a mismatch throws nothing into the code and nothing leaves after it", async () => {
  const seen: string[] = [];
  const box = await changed(two, ["a", "b"], async (ctx) => {
    try {
      ctx.emit("warning", { code: "before", message: "" });
      await exec(ctx, "other");
    } catch {
      seen.push("caught");
    } finally {
      seen.push("finally");
    }
  });
  assertEquals([seen, box.said, box.frames.at(-1)?.type], [[], [], "mismatch"]);
});

Deno.test("[WK-MIS14] a call that is new in a scope which had ended is a mismatch at once", async () => {
  const one: Code = (ctx) => ctx.group("g", "G", () => exec(ctx, "a"));
  const leaf = await changed(one, ["g/a"], (ctx) => ctx.group("g", "G", () => two(ctx)));
  const scope = await changed(
    one,
    ["g/a"],
    (ctx) =>
      ctx.group("g", "G", async () => {
        await exec(ctx, "a");
        await ctx.group("b", "B", () => 1);
      }),
  );
  const branch = await changed(
    (ctx) => ctx.map("m", ["x"], { key: String }, () => exec(ctx, "a")),
    ["m/x/a"],
    (ctx) => ctx.map("m", ["x", "y"], { key: String }, () => exec(ctx, "a")),
  );
  for (const box of [leaf, scope, branch]) {
    assertStringIncludes(box.mismatch.message, "had ended without it");
    assertEquals(box.begun, []);
  }
});
