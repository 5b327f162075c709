import { assert, assertEquals } from "@std/assert";
import { gateFields } from "@/lib/client/gate_words.ts";
import { VERBS } from "@/lib/model/approval.ts";
import { buttonsOf } from "@/lib/ui/approval/verbs.ts";
import { sampleApproval } from "./samples.ts";

const words = (approval_type: "permission" | "tool_call", context: Record<string, string | number | object>) =>
  buttonsOf(
    sampleApproval({ approval_type, context: JSON.parse(JSON.stringify(context)), allowed: [...VERBS[approval_type]] }),
    0,
  );

Deno.test("[GW1] a question about a host says what each button does, for how long and for what", () => {
  const shown = words("permission", { right: "net", host: "api.example.com" });
  assertEquals(shown.map(({ verb, word, tone }) => [verb, word, tone]), [
    ["approved", "Allow once", "accent"],
    ["approved_session", "Allow for this session", "line"],
    ["rejected", "Reject", "line"],
    ["rejected_always", "Never in this session", "line"],
  ]);
  assert(shown.every((button) => (button.does ?? "") !== ""));
  assert(shown[1]?.does?.includes("api.example.com"));
});

Deno.test("[GW3] a call, a file and a budget have words of their own", () => {
  assertEquals(words("tool_call", { tool: "fetch", args: {} }).map(({ word }) => word), [
    "Allow once",
    "Allow for this session",
    "Reject",
  ]);
  assert(words("permission", { right: "read", path: "/srv/a" })[0]?.does?.includes("read /srv/a"));
  assertEquals(
    words("permission", { right: "budget", unit: "usd", limit: 1, raise_to: 2 })[0]?.word,
    "Raise the limit",
  );
});

Deno.test("[GW2] the fields of such a question are named in plain words; others are none of it", () => {
  const net = sampleApproval({
    approval_type: "permission",
    context: { right: "net", host: "a.example.com", url: "https://a.example.com/", method: "GET" },
  });
  assertEquals(gateFields(net), [["Host", "a.example.com"], ["Address", "https://a.example.com/"], ["Method", "GET"]]);
  const budget = sampleApproval({
    approval_type: "permission",
    context: { right: "budget", unit: "tokens", limit: 1000, raise_to: 2000 },
  });
  assertEquals(gateFields(budget), [["Limit now", "1,000 tokens"], ["Limit after a yes", "2,000 tokens"]]);
  assertEquals(gateFields(sampleApproval({ approval_type: "plan_approval", context: { right: "net" } })), null);
});
