import { assert, assertEquals, assertMatch } from "@std/assert";
import fc from "fast-check";
import { type WaitFacts, waitFor } from "@/lib/engine/wait_facts.ts";
import { ApprovalType, OnTimeout, Verb } from "@/lib/model/approval.ts";
import { RunStatus } from "@/lib/model/run.ts";
import { SessionStatus, Wait } from "@/lib/model/session.ts";
import { ICON_PATHS } from "@/lib/ui/icon_paths.ts";
import {
  age,
  ago,
  clock,
  clockMs,
  count,
  endingOf,
  initials,
  KINDS,
  type Look,
  lookOf,
  LOOKS,
  modeLook,
  moment,
  money,
  outcome,
  reasonOf,
  size,
  took,
} from "@/lib/ui/words.ts";
import { sampleSession } from "../client/samples.ts";

const SINCE = "2026-11-24T10:00:00.000Z";
const NOW = Date.parse(SINCE) + 3 * 60_000;
const WAITS = Wait.unwrap().shape.on.options;
const shown = (patch: Partial<ReturnType<typeof sampleSession>>) => sampleSession(patch);
const plain = (text: string) => !/undefined|NaN|null|\[object/.test(text);

Deno.test("[WO1] every wait in every status has a look with word and icon, and a reason in plain words", () => {
  for (const status of SessionStatus.options) {
    for (const on of [...WAITS, null]) {
      for (const run_status of [...RunStatus.options, null]) {
        for (const pending_approvals of [0, 2]) {
          for (const full of [true, false]) {
            const more = { since: SINCE, until: SINCE, count: 2, position: 2, estimate_s: 60, id: "x" };
            const wait = on === null ? null : { on, ...(full ? more : {}) };
            const session = shown({ status, wait, run_status, pending_approvals });
            const look = LOOKS[lookOf(session)];
            assert(look.word !== "" && look.icon in ICON_PATHS);
            assert(plain(reasonOf(session, NOW)), reasonOf(session, NOW));
            if (on !== null) assert(reasonOf(session, NOW) !== "");
          }
        }
      }
    }
  }
});

Deno.test("[WO1] looks follow the wait: needs, running, queued, idle, paused, recovering, ready, cancelled", () => {
  const cases: [Partial<ReturnType<typeof sampleSession>>, Look][] = [
    [{ wait: { on: "approval" } }, "needs"],
    [{ wait: { on: "run" } }, "running"],
    [{ wait: { on: "run" }, pending_approvals: 1 }, "needs"],
    [{ wait: { on: "queue" } }, "queued"],
    [{ wait: { on: "timer" } }, "queued"],
    [{ wait: { on: "message" } }, "idle"],
    [{ wait: { on: "recovery" } }, "recovering"],
    [{ wait: { on: "resume" } }, "paused"],
    [{ wait: { on: "resume" }, status: "suspended" }, "suspended"],
    [{ wait: { on: "task" } }, "ready"],
    [{ wait: { on: "task" }, run_status: "cancelled" }, "cancelled"],
    [{ wait: null, status: "completed" }, "completed"],
    [{ wait: null, status: "failed" }, "failed"],
    [{ wait: null, status: "expired" }, "expired"],
  ];
  for (const [patch, look] of cases) assertEquals(lookOf(shown(patch)), look, JSON.stringify(patch));
});

Deno.test("[WO2] the reason says what is waited for and since when", () => {
  const reason = (patch: Partial<ReturnType<typeof sampleSession>>) => reasonOf(shown(patch), NOW);
  const since = SINCE;
  assertEquals(reason({ wait: { on: "approval", since, count: 1 } }), "Waits for your answer, 3 min");
  assertEquals(reason({ wait: { on: "approval", since, count: 3 } }), "Waits for your answer to 3 questions, 3 min");
  assertEquals(reason({ wait: { on: "run", since }, activity: "Fits the trend" }), "Fits the trend");
  assertEquals(reason({ wait: { on: "run", since } }), "Running");
  const asked = (word: "pause" | "cancel") => reason({ wait: { on: "run", since, asked: word }, activity: "Fits" });
  assertEquals([asked("pause"), asked("cancel")], ["Pauses after this step: Fits", "Is being stopped: Fits"]);
  const work = { wait: { on: "run" as const, since }, current_step: "Clean it", activity: "Runs code" };
  assertEquals(reason(work), "Clean it: runs code");
  assertEquals(reason({ ...work, progress: { done: 1, total: 5, unit: "step" } }), "Step 2 of 5, Clean it: runs code");
  assertEquals(
    reason({ ...work, progress: { done: 0, total: 5, unit: "step" }, current_phase: "planning" }),
    "Clean it: runs code",
  );
  assertEquals(reason({ ...work, progress: { done: 5, total: 5, unit: "step" }, activity: null }), "Clean it");
  assertEquals(reason({ wait: { on: "queue", since, position: 2 } }), "Waits in the queue, 2nd, 3 min");
  assertEquals(reason({ wait: { on: "message", since } }), "Waits for your next message, 3 min");
  assertEquals(reason({ wait: { on: "resume", since } }), "Paused, 3 min");
  assertMatch(reason({ wait: { on: "resume", since }, status: "suspended" }), /^Suspended; nothing runs/);
  assertEquals(reason({ wait: { on: "task", since }, run_status: "cancelled" }), "Stopped. Its files stay.");
  assertEquals(
    reason({ wait: null, status: "failed", activity: "Step 3 ran out of memory" }),
    "Step 3 ran out of memory",
  );
  assertEquals(reason({ wait: null, status: "completed" }), "Finished");
  assertEquals(reason({ wait: { on: "queue", since: "no time" } }), "Waits in the queue");
});

Deno.test("[WO2] places in the queue are ordinals", () => {
  const places = [1, 2, 3, 4, 11, 12, 13, 21, 22, 101, 111, 112, 123].map((position) =>
    reasonOf(shown({ wait: { on: "queue", position } }), NOW).split(", ")[1]
  );
  assertEquals(places.join(" "), "1st 2nd 3rd 4th 11th 12th 13th 21st 22nd 101st 111th 112th 123rd");
});

Deno.test("[WO1] whatever the engine computes as a wait can be shown", () => {
  const time = fc.constantFrom(SINCE, "2026-11-24T11:00:00.000Z");
  const open = fc.record({
    on: fc.constantFrom("approval", "message", "timer"),
    id: fc.string(),
    since: time,
    until: time,
  });
  const facts: fc.Arbitrary<WaitFacts> = fc.record({
    status: fc.constantFrom(...SessionStatus.options),
    since: fc.oneof(time, fc.constant("")),
    run: fc.option(fc.record({ run_id: fc.constant("r"), status: fc.constantFrom(...RunStatus.options), since: time })),
    open: fc.array(open, { maxLength: 3 }),
    lease_ended: fc.boolean(),
  });
  fc.assert(
    fc.property(facts, (given) => {
      const wait = waitFor(given);
      const session = shown({ status: given.status, wait, run_status: given.run?.status ?? null });
      assert(lookOf(session) in LOOKS);
      assert(plain(reasonOf(session, NOW)), reasonOf(session, NOW));
    }),
    { seed: 7 },
  );
});

Deno.test("[WO3] every look, mode and kind of approval has an icon that is drawn", () => {
  for (const { icon } of [...Object.values(LOOKS), ...Object.values(KINDS)]) assert(icon in ICON_PATHS, icon);
  assertEquals(new Set(Object.keys(KINDS)), new Set(ApprovalType.options));
  const modes = [
    "one-shot",
    "planning-control",
    "hitl-interactive",
    "copilot",
    "idea-generation",
    "ocr",
    "arxiv",
    "enhance-input",
  ];
  for (const mode of modes) assert(modeLook(mode).icon in ICON_PATHS && modeLook(mode).label !== mode, mode);
  const own = [["nightly-report", "Nightly report"], ["mine", "Mine"], ["constructor", "Constructor"], ["_", ""], [
    "",
    "",
  ]];
  for (const [mode = "", label = ""] of own) assertEquals(modeLook(mode), { label, icon: "braces", hue: 235 });
  assert("braces" in ICON_PATHS);
});

Deno.test("[WO4] ages are one unit, rounded into the next one and never 60 min", () => {
  const cases = {
    0: "now",
    1400: "now",
    1500: "2 s",
    59_400: "59 s",
    59_600: "1 min",
    89_000: "1 min",
    91_000: "2 min",
  };
  for (const [ms, text] of Object.entries(cases)) assertEquals(age(Number(ms)), text, ms);
  assertEquals(age(3_599_000), "1 h");
  assertEquals(age(86_399_000), "1 d");
  assertEquals(age(-5), "now");
  fc.assert(
    fc.property(fc.nat(400 * 86_400_000), (ms) => {
      const [n, unit] = age(ms).split(" ");
      const most: Record<string, number> = { s: 59, min: 59, h: 23, d: 400 };
      if (unit !== undefined) assert(Number(n) >= 1 && Number(n) <= (most[unit] ?? 0), age(ms));
    }),
    { seed: 7 },
  );
});

Deno.test("[WO4] durations have two units, and seconds and minutes stay below 60", () => {
  const cases: [number, string][] = [
    [0, "0.0 s"],
    [440, "0.4 s"],
    [9_940, "9.9 s"],
    [9_960, "10 s"],
    [59_400, "59 s"],
    [59_700, "1 m 0 s"],
    [119_700, "2 m 0 s"],
    [128_000, "2 m 8 s"],
    [3_599_900, "1 h 0 m"],
    [3_780_000, "1 h 3 m"],
  ];
  for (const [ms, text] of cases) assertEquals(took(ms), text, `${ms}`);
});

Deno.test("[WO4] money and sizes keep their figures", () => {
  assertEquals([0, 0.14, 0.005, 0.00997, 1234.5, 0.00001].map(money), [
    "$0.00",
    "$0.14",
    "$0.0050",
    "$0.01",
    "$1234.50",
    "<$0.0001",
  ]);
  assertEquals([0, 999, 1000, 1740, 999_949, 999_950, 3_200_000, 999_950_000, 5e9].map(size), [
    "0 B",
    "999 B",
    "1.0 kB",
    "1.7 kB",
    "999.9 kB",
    "1.0 MB",
    "3.2 MB",
    "1.0 GB",
    "5.0 GB",
  ]);
});

Deno.test("[WO4] clock times are those of the zone; what is no time stays as it is", () => {
  assertEquals(clock(SINCE, "UTC"), "10:00:00");
  assertEquals(clock(SINCE, "Asia/Tokyo"), "19:00:00");
  assertEquals(clock("soon"), "soon");
});

Deno.test("[WO5] what happens without an answer is said until the time is up, and then that it is", () => {
  const texts = OnTimeout.options.map((on_timeout) => outcome(SINCE, on_timeout, Date.parse(SINCE) - 6 * 86_400_000));
  assertEquals(texts, ["rejected", "approved", "the task fails"].map((then) => `No answer within 6 d: ${then}`));
  assertEquals(outcome(SINCE, "reject", Date.parse(SINCE) - 500), "No answer within 2 s: rejected");
  assertEquals(outcome(SINCE, "reject", Date.parse(SINCE)), "The time is up: rejected");
});

Deno.test("[WO5] initials are two letters of any alphabet", () => {
  const names = {
    Administrator: "AD",
    "Operator 2": "O2",
    "  ada  lovelace king": "AL",
    "": "?",
    "é": "É",
    "🧊 ice": "🧊I",
  };
  for (const [name, text] of Object.entries(names)) assertEquals(initials(name), text);
});

Deno.test("[WO5] how a question ended is said for every verb and every status", () => {
  const by = { name: "Operator 2" };
  for (const resolution of Verb.options) {
    const text = endingOf({ status: "resolved", resolution, resolved_by: by });
    assertMatch(text, /^Answered by Operator 2: [a-z ,]+$/);
  }
  assertEquals(
    endingOf({ status: "expired", resolution: "rejected", resolved_by: "timeout" }),
    "Nobody answered in time: rejected",
  );
  assertEquals(
    endingOf({ status: "expired", resolution: null, resolved_by: "timeout" }),
    "Nobody answered in time: the task fails",
  );
  assertEquals(
    endingOf({ status: "cancelled", resolution: null, resolved_by: null }),
    "No longer asked: the run is over or has moved on",
  );
  assertEquals([ago(0), ago(180_000)], ["just now", "3 min ago"]);
});

Deno.test("[WO7] times are told in the zone of who reads them, numbers with their thousands apart", () => {
  assertEquals(clockMs("2026-11-24T23:18:04.112Z", "Asia/Kolkata"), "48:04.112");
  assertEquals(clockMs("2026-11-24T23:18:04.112Z", "UTC"), "18:04.112");
  assertEquals(moment("2026-11-24T23:18:04.112Z", "Europe/Berlin"), "25 Nov 2026, 00:18");
  assertEquals([clockMs("no time"), moment("no time")], ["no time", "no time"]);
  assertEquals([0, 999, 1000, 12_345, 1_234_567].map(count), ["0", "999", "1,000", "12,345", "1,234,567"]);
});
