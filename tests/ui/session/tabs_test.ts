import { assertEquals } from "@std/assert";
import { EMPTY_VIEW, fold } from "@/lib/engine/view.ts";
import type { JsonObject } from "@/lib/model/json.ts";
import { firstTab, tabOf } from "@/lib/ui/session/Tabs.tsx";

const viewOf = (...said: [string, JsonObject][]) =>
  fold(
    EMPTY_VIEW,
    said.map(([event_type, data], i) => ({
      seq: i + 1,
      event_type,
      timestamp: "2026-11-24T10:00:00.000Z",
      run_id: "r",
      session_id: "s",
      data,
    })),
  );
const begun: [string, JsonObject] = ["status", { message: "accepted", session_id: "s", task: "t" }];
const done: [string, JsonObject] = ["workflow_state_changed", {
  subject: "run",
  status: "completed",
  previous: "running",
}];
const line: [string, JsonObject] = ["output", { message: "hello", stream: "stdout", source: "exec" }];
const file: [string, JsonObject] = ["file_created", { file_path: "a.txt", file_type: "text/plain", size_bytes: 1 }];

Deno.test("[TB1] a page begins with the view that has something to say", () => {
  assertEquals(firstTab(EMPTY_VIEW), "talk");
  assertEquals(firstTab(viewOf(begun)), "console");
  assertEquals(firstTab(viewOf(begun, line, done)), "console");
  assertEquals(firstTab(viewOf(begun, done)), "talk");
  assertEquals(firstTab(viewOf(begun, line, file, done)), "files");
});

Deno.test("[TB1] an address names a view that is there, or none", () => {
  const view = viewOf(begun, line, done);
  assertEquals(["#talk", "#files", "#steps"].map((hash) => tabOf(hash, view)), ["talk", "files", "steps"]);
  assertEquals(
    ["", "#", "#nonsense", "#needs", "#rights", "talk"].map((hash) => tabOf(hash, view)),
    Array(6).fill(null),
  );
});
