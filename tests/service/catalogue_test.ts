import { assertEquals, assertRejects } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { createCatalogue } from "@/lib/service/catalogue.ts";
import { grantsManifest } from "@/lib/service/grants.ts";
import { parseConfig } from "@/lib/config.ts";
import type { WorkflowDescription } from "@/lib/model/workflow.ts";
import type { Workflows } from "@/lib/service/ports.ts";

const described = (version: number): WorkflowDescription => ({
  id: "report",
  label: "Report",
  description: "Writes a report",
  version,
  config_schema: { type: "object", properties: {}, additionalProperties: false },
  supports_resume: false,
  supports_hitl: true,
  takes_messages: false,
  asks: ["before it sends the report"],
  source_digest: String(version).repeat(64).slice(0, 64),
});

const workflows = (...all: WorkflowDescription[]): Workflows => ({ workflows: all, problems: [] });

function catalogue(changes: boolean) {
  let asked = 0;
  const describe = () => {
    asked++;
    return asked === 2 && !changes
      ? Promise.reject(new Error("no sandbox"))
      : Promise.resolve(workflows(described(asked)));
  };
  return {
    asked: () => asked,
    it: createCatalogue({ sandboxes: { describe }, secrets: new Set(), changes }),
  };
}

Deno.test("[CAT1] built-in modes are asked for once, however many want to know at once", async () => {
  const { it, asked } = catalogue(false);
  await Promise.all([it.all(), it.get("report"), it.all()]);
  await it.get("report");
  assertEquals(asked(), 1);
});

Deno.test("[CAT2] own workflows are asked for again, because their files may change", async () => {
  const { it, asked } = catalogue(true);
  assertEquals((await it.get("report")).description.version, 1);
  assertEquals((await it.get("report")).description.version, 2);
  assertEquals(asked(), 2);
});

Deno.test("[CAT3] an unknown mode is refused with those that there are", async () => {
  const error = await assertRejects(() => catalogue(false).it.get("nope"), AppError, "report");
  assertEquals(error.code, "invalid");
});

Deno.test("[CAT5] a sandbox that dies while it is asked for the modes is no answer: another is asked, three at most", async () => {
  let asked = 0;
  const dying = (times: number) => () =>
    ++asked <= times
      ? Promise.reject(new AppError("internal", "Cannot start a sandbox: it ended without a word"))
      : Promise.resolve(workflows(described(1)));
  const make = (describe: () => Promise<Workflows>) =>
    createCatalogue({ sandboxes: { describe }, secrets: new Set(), changes: false });
  assertEquals((await make(dying(2)).get("report")).description.version, 1);
  assertEquals(asked, 3);
  asked = 0;
  await assertRejects(() => make(dying(9)).get("report"), AppError, "without a word");
  assertEquals(asked, 3);
  asked = 0;
  const draining = () => (asked++, Promise.reject(new AppError("draining", "Cannot start a sandbox")));
  await assertRejects(() => make(draining).get("report"), AppError, "Cannot start");
  assertEquals(asked, 1, "a server that goes away is not asked again");
});

Deno.test("[CAT4] grants say in words what a run may do, with the session's own config", () => {
  const config = parseConfig({ HOLDFAST_MODEL: "m", OPENAI_BASE_URL: "https://models.example/v1" });
  const grants = grantsManifest(described(1), config, {
    runTimeout: 60,
    maxCostUsd: 2,
    grants: { read: ["/data"], net: ["api.example"] },
  });
  assertEquals(grants, {
    reads: ["the session's own folder", "/data"],
    writes: ["the session's own folder"],
    hosts: ["models.example", "api.example"],
    programs: [],
    secrets: [],
    time_s: 60,
    memory_mb: 512,
    money_usd: 2,
    asks: ["before it sends the report", "Before code reaches a host that is not listed here"],
  });
  const closed = parseConfig({ HOLDFAST_ASK_NET: "none", HOLDFAST_ASK_READ: "/srv/data" });
  assertEquals(grantsManifest(described(1), closed).asks.slice(1), ["Before code reads below /srv/data"]);
});
