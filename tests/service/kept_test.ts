import { assertEquals } from "@std/assert";
import type { JournalEntry, ScopeRow } from "@/lib/model/journal.ts";
import type { RunRecord } from "@/lib/model/run.ts";
import { keptBy } from "@/lib/service/kept.ts";
import type { Reads, StoredJournal } from "@/lib/service/reads.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld } from "./support/world.ts";

const AT = "2026-03-01T12:00:00.000Z";
const scope = (key: string, parent: string, pos: number, kind: ScopeRow["kind"] = "group"): ScopeRow => ({
  key,
  parent,
  pos,
  kind,
  id: key,
  title: key,
  step_id: key,
  attempt: 1,
  step_number: 1,
  status: "done",
  started_at: AT,
  mark: { leaves: 0, counter: 0 },
});
const entry = (key: string, at: { scope: string; pos: number; n: number }, failed = false): JournalEntry => {
  const base = { key, ...at, name: key, kind: "exec" as const, digest: "d", attempt: 1, at: AT, failures: [] };
  return failed
    ? { ...base, status: "failed", failure: { code: "x", message: "" } }
    : { ...base, status: "done", value: null };
};
const run = (run_id: string, more: Partial<RunRecord> = {}): RunRecord =>
  ({ run_id, session_id: "s", status: "failed", ...more }) as RunRecord;

function reads(journals: Record<string, StoredJournal>, runs: RunRecord[]): Reads {
  return {
    journal: (_session_id: string, run_id: string) => Promise.resolve(journals[run_id] ?? { entries: [], scopes: [] }),
    resolve: (_session_id: string, value: unknown) => Promise.resolve(value),
    run: (_session_id: string, run_id: string) => Promise.resolve(runs.find((one) => one.run_id === run_id) ?? null),
  } as unknown as Reads;
}
const keys = (entries: readonly { key: string }[]) => entries.map((one) => one.key);

const LINE: StoredJournal = {
  scopes: [scope("a", "", 0), scope("b", "", 1), scope("c", "", 2)],
  entries: [
    entry("a/1", { scope: "a", pos: 0, n: 1 }),
    entry("b/1", { scope: "b", pos: 0, n: 2 }),
    entry("b/2", { scope: "b", pos: 1, n: 3 }),
    entry("c/1", { scope: "c", pos: 0, n: 4 }),
  ],
};

Deno.test("[RTY1] a retry from a step keeps what settled before it", async () => {
  const parent = run("p");
  const retry = run("r", { retry_of: "p", retry_from: "b" });
  assertEquals(keys((await keptBy(reads({ p: LINE }, [parent]), retry)).entries), ["a/1"]);
});

Deno.test("[RTY2] a failure that ended its line is left out, one that was caught stays", async () => {
  const journal: StoredJournal = {
    scopes: LINE.scopes,
    entries: [
      entry("a/1", { scope: "a", pos: 0, n: 1 }, true),
      entry("b/1", { scope: "b", pos: 0, n: 2 }),
      entry("b/2", { scope: "b", pos: 1, n: 3 }, true),
    ],
  };
  const retry = run("r", { retry_of: "p" });
  assertEquals(keys((await keptBy(reads({ p: journal }, [run("p")]), retry)).entries), ["a/1", "b/1"]);
});

Deno.test("[RTY3] a retry of a retry runs nothing finished twice", async () => {
  const first = run("q", { retry_of: "p", retry_from: "b" });
  const second = run("r", { retry_of: "q" });
  const own: StoredJournal = {
    scopes: LINE.scopes,
    entries: [
      entry("b/1", { scope: "b", pos: 0, n: 7 }),
      entry("b/2", { scope: "b", pos: 1, n: 8 }, true),
    ],
  };
  assertEquals(keys((await keptBy(reads({ p: LINE, q: own }, [run("p"), first]), second)).entries), ["a/1", "b/1"]);
});

Deno.test("[RTY4] branches have no order among them: a step of one cuts the others only by what settled after it", async () => {
  const journal: StoredJournal = {
    scopes: [
      scope("m", "", 0, "map"),
      scope("m/x", "m", 0, "branch"),
      scope("m/y", "m", 1, "branch"),
    ],
    entries: [
      entry("m/x/1", { scope: "m/x", pos: 0, n: 1 }),
      entry("m/y/1", { scope: "m/y", pos: 0, n: 2 }),
      entry("m/x/2", { scope: "m/x", pos: 1, n: 3 }),
      entry("m/y/2", { scope: "m/y", pos: 1, n: 4 }),
    ],
  };
  const retry = run("r", { retry_of: "p", retry_from: "m/x/2" });
  assertEquals(keys((await keptBy(reads({ p: journal }, [run("p")]), retry)).entries), ["m/x/1", "m/y/1"]);
});

Deno.test("[RTY5] a run that is no retry keeps nothing", async () => {
  assertEquals((await keptBy(reads({ p: LINE }, []), run("r"))).entries, []);
});

Deno.test("[RTY6] a retry knows what the run knew whose entries are its first; one that keeps nothing knows its own", async () => {
  const first = run("q", { retry_of: "p", retry_from: "b" });
  const runs = reads({ p: LINE, q: { scopes: [], entries: [entry("b/1", { scope: "b", pos: 0, n: 7 })] } }, [
    run("p"),
    first,
  ]);
  const kept = await keptBy(runs, run("r", { retry_of: "q" }));
  assertEquals([kept.origin.run_id, kept.steps], ["p", 2]);
  const anew = await keptBy(runs, run("s", { retry_of: "p", retry_from: "a" }));
  assertEquals([anew.origin.run_id, anew.steps, anew.entries.length], ["s", 0, 0]);
});

Deno.test("[STA19] a run that ended with a no asks again when it is repeated whole, and does nothing finished twice", async () => {
  let worked = 0;
  const careful = workflow("careful", async (ctx) => {
    await ctx.step("work", () => Promise.resolve(++worked));
    await ctx.approve("first", { type: "step_approval", title: "First?", subject: 1 });
    const { verb } = await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 2 });
    return verb;
  });
  await using world = await openWorld({ workflows: [careful] });
  const started = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "careful" } });
  const asked = async () => {
    const { items } = await world.holdfast.query.approvals(ADMIN, { status: "pending", limit: 10 });
    return items.map(({ approval_id, action }) => [action, approval_id] as const);
  };
  const say = async (action: string, resolution: "approved" | "rejected") => {
    await world.until(async () => (await asked())[0]?.[0] === action, action);
    const approval_id = (await asked())[0]?.[1] ?? "";
    await world.holdfast.resolveApproval(ADMIN, { approval_id, resolution });
  };
  await say("First?", "approved");
  await say("Go?", "rejected");
  await world.status(started.session_id, "failed");
  await world.holdfast.retryRun(ADMIN, { run_id: started.run_id });
  await say("Go?", "approved");
  await world.status(started.session_id, "completed");
  assertEquals(worked, 1);
});
