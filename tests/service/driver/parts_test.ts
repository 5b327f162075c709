import { assertEquals, assertRejects } from "@std/assert";
import { NO_COST } from "@/lib/model/cost.ts";
import { jsonTextLength } from "@/lib/model/utf8.ts";
import type { SaidFrameItem } from "@/lib/protocol/sandbox.ts";
import { beginCommand } from "@/lib/service/driver/begin_command.ts";
import { Budget } from "@/lib/service/driver/budget.ts";
import { FileTracker } from "@/lib/service/driver/file_tracker.ts";
import { CancelLadder } from "@/lib/service/driver/ladder.ts";
import { repeats } from "@/lib/service/driver/leaves.ts";
import { OutputLog, packReports } from "@/lib/service/driver/output.ts";
import { sayCommands } from "@/lib/service/driver/said.ts";
import { withTimeout } from "@/lib/service/driver/timeout.ts";
import { createRedactor } from "@/lib/service/redact.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { FakeFolders } from "../support/fake_edges.ts";

const none = createRedactor(new Map());
const line = (message: string, partial = false) => ({ stream: "stdout" as const, message, partial });

Deno.test("[OUT1] a secret cut by two pieces of an unfinished line does not show", () => {
  const log = new OutputLog({ run_id: "r", source: "block" }, createRedactor(new Map([["KEY", "hunter2000"]])));
  const first = log.reports([line("pw is hunt", true)]).flatMap((one) => one.events);
  const second = log.reports([line("er2000 ok")]).flatMap((one) => one.events);
  assertEquals([...first, ...second].map((event) => "message" in event.data ? event.data.message : ""), [
    "pw is ",
    "[redacted:KEY] ok",
  ]);
});

Deno.test("[OUT2] what was kept back is told at the end of the source", () => {
  const log = new OutputLog({ run_id: "r", source: "block" }, createRedactor(new Map([["KEY", "hunter2000"]])));
  assertEquals(log.reports([line("hunt", true)]).length, 0);
  assertEquals(log.end().flatMap((one) => one.events).length, 1);
});

Deno.test("[OUT3] reports are cut so that each fits a command, and lose nothing", () => {
  const log = new OutputLog({ run_id: "r", source: "block" }, none);
  const reports = log.reports(Array.from({ length: 1500 }, (_, n) => line(`${n} ${"x".repeat(100)}`)));
  assertEquals(reports.every((one) => one.bytes <= 48_000 && one.events.length <= 400), true);
  assertEquals(reports.flatMap((one) => one.events).length, 1500);
  assertEquals(packReports([]), []);
});

const said = (event_type: string, data: Record<string, string>): SaidFrameItem => ({
  scope: "",
  place: { leaves: 0, counter: 1 },
  say: { what: "event", event_type, data },
});

Deno.test("[SAY1] a workflow may say its own kinds of events, and nothing of status, approvals or ends", () => {
  const items = [
    said("phase_change", { phase: "plan" }),
    said("workflow_cancelled", { message: "m", status: "cancelled" }),
  ];
  const drafts = sayCommands("r", items).flatMap((one) => one.items).map((item) =>
    item.say.what === "event" ? item.say.draft : null
  );
  assertEquals(drafts.map((one) => one?.event_type), ["phase_change", "warning"]);
});

Deno.test("[SAY2] an event that does not fit is told as a warning in its place", () => {
  const [command] = sayCommands("r", [said("phase_change", { stage: "x" })]);
  const item = command?.items[0];
  assertEquals(item?.place, { leaves: 0, counter: 1 });
  assertEquals(item?.say.what === "event" && item.say.draft.event_type, "warning");
});

Deno.test("[BUD1] a call is refused when money or tokens are used up", () => {
  const budget = new Budget(() => ({ usd: 1, tokens: 100 }));
  assertEquals("refused" in budget.reserve({ ...NO_COST, usd: 0.5 }), false);
  assertEquals("refused" in budget.reserve({ ...NO_COST, usd: 1 }), true);
  assertEquals("refused" in budget.reserve({ ...NO_COST, input_tokens: 60, output_tokens: 40 }), true);
});

Deno.test("[BUD2] branches at once cannot overspend together: the dearest call stands for each that is open", () => {
  const budget = new Budget(() => ({ usd: 1, tokens: null }));
  budget.counted({ input_tokens: 1, output_tokens: 1, cached_input_tokens: 0 }, 0.4);
  const first = budget.reserve({ ...NO_COST, usd: 0.4 });
  assertEquals("refused" in first, false);
  assertEquals("refused" in budget.reserve({ ...NO_COST, usd: 0.4 }), true);
  if ("release" in first) first.release();
  assertEquals("refused" in budget.reserve({ ...NO_COST, usd: 0.4 }), false);
});

Deno.test("[ATT1] a policy repeats within its attempts and only for its codes", () => {
  const failure = { code: "http", message: "" };
  assertEquals(repeats({}, 0, failure), false);
  assertEquals(repeats({ attempts: 3 }, 1, failure), true);
  assertEquals(repeats({ attempts: 3 }, 2, failure), false);
  assertEquals(repeats({ attempts: 3, retry_on: ["timeout"] }, 0, failure), false);
  assertEquals(repeats({ attempts: 3, retry_on: ["http"] }, 0, failure), true);
});

Deno.test("[FIL1] each file is claimed once, by the leaf that ends after it was written", async () => {
  const folders = new FakeFolders(new FakeClock());
  folders.put("s", "old.txt", "old");
  const tracker = new FileTracker(folders, "s");
  await tracker.start(null);
  folders.put("s", "a.csv", "1,2");
  folders.put("s", "old.txt", "new");
  const [first, second] = await Promise.all([tracker.changes(), tracker.changes()]);
  assertEquals(first, [
    { path: "a.csv", file_type: "text/csv", size_bytes: 3, created: true },
    { path: "old.txt", file_type: "text/plain", size_bytes: 3, created: false },
  ]);
  assertEquals(second, []);
});

Deno.test("[FIL2] what an interrupted leaf had written is told by the leaf that runs again", async () => {
  const clock = new FakeClock();
  const folders = new FakeFolders(clock);
  folders.put("s", "before.txt", "x");
  clock.advance(10);
  const began = clock.now();
  folders.put("s", "half.txt", "x");
  const tracker = new FileTracker(folders, "s");
  await tracker.start(began);
  assertEquals((await tracker.changes()).map((change) => change.path), ["half.txt"]);
});

Deno.test("[LAD1] cancel climbs: told at once, SIGTERM after 2 s, SIGKILL after 5 s, each told", () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const ladder = new CancelLadder({
    clock,
    terminates: true,
    tell: () => seen.push("cancel"),
    terminate: () => seen.push("term"),
    kill: () => seen.push("kill"),
    stage: (stage) => seen.push(stage),
  });
  ladder.start();
  ladder.start();
  clock.advance(1_999);
  assertEquals(seen, ["cancel", "told"]);
  clock.advance(1);
  clock.advance(3_000);
  assertEquals(seen, ["cancel", "told", "terminated", "term", "killed", "kill"]);
});

Deno.test("[LAD2] a sandbox that obeys is not climbed after; under bwrap there is no SIGTERM", () => {
  const clock = new FakeClock();
  const seen: string[] = [];
  const parts = { clock, tell: () => {}, terminate: () => seen.push("term"), kill: () => seen.push("kill") };
  const obeyed = new CancelLadder({ ...parts, terminates: true, stage: () => {} });
  obeyed.start();
  obeyed.end();
  const walled = new CancelLadder({ ...parts, terminates: false, stage: () => {} });
  walled.start();
  clock.advance(10_000);
  assertEquals(seen, ["kill"]);
});

Deno.test("[LIM1] an attempt over its time fails with code timeout, whatever the port throws", async () => {
  const clock = new FakeClock();
  const never = (signal: AbortSignal) =>
    new Promise<never>((_, reject) =>
      signal.addEventListener("abort", () => reject(new Error("port")), { once: true })
    );
  const work = withTimeout(clock, { signal: new AbortController().signal, timeout_s: 2 }, never);
  clock.advance(2_000);
  const error = await assertRejects(() => work, Error, "more than 2 s");
  assertEquals("code" in error && error.code, "timeout");
});

Deno.test("[WAI1] the digest of a question is the host's own and counts type, subject and verbs only", () => {
  const base = { type: "begin", key: "k", scope: "", name: "k", pos: 0, digest: "d", policy: {} } as const;
  const digest = (over: { subject?: string; action?: string; on_timeout?: "fail" }) => {
    const args = {
      type: "plan_approval" as const,
      action: "a",
      description: "",
      subject: "s",
      allowed: ["approved" as const],
      on_timeout: "reject" as const,
      ...over,
    };
    const command = beginCommand({ ...base, kind: "approve", args }, { now: 0, approval_id: "x" });
    return command.wait?.on === "approval" ? command.wait.approval_digest : "";
  };
  assertEquals(digest({}).length, 64);
  assertEquals(digest({ action: "other", on_timeout: "fail" }), digest({}));
  assertEquals(digest({ subject: "other" }) === digest({}), false);
});

Deno.test("[WAI2] a time that no timestamp can name is the last that one can", () => {
  const base = { type: "begin", key: "k", scope: "", name: "k", pos: 0, digest: "d", policy: {} } as const;
  const command = beginCommand({ ...base, kind: "sleep", args: { until_ms: 1e300 } }, { now: 0, approval_id: "x" });
  assertEquals(command.wait, { on: "timer", until: "9999-12-31T23:59:59.999Z" });
});

Deno.test("[OUT4] a text is counted as JSON writes it", () => {
  for (const text of ["", "plain", "é漢", "😀", "\u0000\n\t", 'a "b" \\c', "\ud800", "\u2028"]) {
    assertEquals(jsonTextLength(text), new TextEncoder().encode(JSON.stringify(text)).length);
  }
});
