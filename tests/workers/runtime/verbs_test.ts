import { assertEquals } from "@std/assert";
import * as approval from "../../../lib/model/approval.ts";
import { commonConfig } from "../../../lib/model/config.ts";
import * as journal from "../../../lib/model/journal.ts";
import { SANDBOX_PROTOCOL } from "../../../lib/protocol/sandbox.ts";
import { COMMON_KEYS, VERBS, WAITS } from "../../../workers/runtime/verbs.ts";
import { Sandbox, workflow } from "../sandbox.ts";

Deno.test("[WK-VERB1] the lists of the sandbox are those of the model", () => {
  assertEquals(VERBS, approval.VERBS);
  assertEquals(WAITS, journal.WAITS);
  assertEquals(COMMON_KEYS, new Set(Object.keys(commonConfig)));
});

Deno.test("[WK-VERB2] the sandbox speaks the protocol of the host", async () => {
  const box = await new Sandbox(workflow(() => 1)).start();
  assertEquals(box.of("ready"), [{ type: "ready", protocol: SANDBOX_PROTOCOL }]);
});
