import { assertEquals } from "@std/assert";
import { may } from "../../lib/engine/policy.ts";
import { ADMIN, OTHER, OWNER, SESSION, Story, SYSTEM, uuid } from "./support/story.ts";

const session = new Story().create().state.session;
const sandbox = { kind: "run", session_id: SESSION, run_id: "run-1", fence: 1 } as const;

Deno.test("[ENG-Q1] owner and administrators see and change a session, it is hidden from all others", () => {
  assertEquals([OWNER, ADMIN, OTHER].map((who) => may(who, "read", session)), [true, true, "hidden"]);
  assertEquals([OWNER, ADMIN, OTHER].map((who) => may(who, "delete_session", session)), [true, true, "hidden"]);
  assertEquals(may(OTHER, "create_session", null), true);
});

Deno.test("[ENG-Q2] only administrators administer", () => {
  assertEquals([OWNER, ADMIN, SYSTEM, sandbox].map((who) => may(who, "administer", null)), [false, true, false, false]);
});

Deno.test("[ENG-Q3] each command is the word of one kind of principal", () => {
  assertEquals([OWNER, SYSTEM, sandbox].map((who) => may(who, "claim_run", session)), [false, true, false]);
  assertEquals([OWNER, SYSTEM, sandbox].map((who) => may(who, "finish_run", session)), [false, false, true]);
  assertEquals([OWNER, SYSTEM, sandbox].map((who) => may(who, "resolve_approval", session)), [true, false, false]);
});

Deno.test("[ENG-Q4] a sandbox sees its own session only, and reads nothing", () => {
  assertEquals(may({ ...sandbox, session_id: uuid(5) }, "say", session), "hidden");
  assertEquals([may(sandbox, "read", session), may(SYSTEM, "read", session)], [false, true]);
});
