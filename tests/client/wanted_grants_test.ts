import { assertEquals } from "@std/assert";
import { grantsWith } from "@/lib/client/wanted_grants.ts";

const MODE = {
  reads: ["the session's own folder"],
  writes: ["the session's own folder"],
  hosts: [],
  programs: [],
  secrets: [],
  time_s: 3600,
  memory_mb: 512,
  money_usd: null,
  asks: [],
};

Deno.test("[WG1] time, money, hosts and folders of the options are shown as they will hold", () => {
  const grants = grantsWith(MODE, { runTimeout: 60, maxCostUsd: 2, grants: { net: ["example.org"], read: ["/data"] } });
  assertEquals(grants, {
    ...MODE,
    time_s: 60,
    money_usd: 2,
    hosts: ["example.org"],
    reads: ["the session's own folder", "/data"],
  });
});

Deno.test("[WG1] what is no value of its kind changes nothing", () => {
  assertEquals(grantsWith(MODE, {}), MODE);
  assertEquals(grantsWith(MODE, { runTimeout: "x", maxCostUsd: -1, grants: { net: "y", read: [1, ""] } }), MODE);
  assertEquals(grantsWith(MODE, { grants: [] }), MODE);
});
