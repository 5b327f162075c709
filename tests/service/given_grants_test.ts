import { z } from "zod";
import { assertEquals, assertRejects } from "@std/assert";
import { commonConfig } from "@/lib/model/config.ts";
import { AppError } from "@/lib/model/error.ts";
import { defineWorkflow } from "@/workers/sdk/mod.ts";
import { ADMIN, openWorld, OTHER } from "./support/world.ts";

const tuned = defineWorkflow({
  id: "tuned",
  config: z.strictObject({ rounds: z.int().min(1).max(9).default(3), ...commonConfig }),
  run: (ctx) => ctx.config.rounds,
});
const code = async (work: () => Promise<unknown>) => (await assertRejects(work, AppError)).code;

Deno.test("[STA18] a person grants a run no more than the operator lets be asked for; an administrator grants what they like", async () => {
  await using world = await openWorld({ workflows: [tuned] });
  world.reach.paths.add("/srv/tables");
  const start = (who: typeof ADMIN, grants: unknown) =>
    world.holdfast.startTask(who, { task: "T", config: { mode: "tuned", grants } as never });
  const closed = { read: ["/etc", "/srv/tables"], net: ["*.example.com", "10.0.0.1"] };
  const refused = await assertRejects(() => start(OTHER, closed), AppError);
  assertEquals(refused.code, "forbidden");
  const named = refused.details.errors?.map(({ path }) => path);
  assertEquals(named, ["config.grants.read.0", "config.grants.net.1"]);
  assertEquals((await world.holdfast.query.sessions(OTHER, { limit: 10 })).total, 0);
  const open = await start(OTHER, { read: ["/srv/tables"], net: ["*.example.com"] });
  await world.status(open.session_id, "completed");
  for (
    const again of [
      () =>
        world.holdfast.startTask(OTHER, {
          task: "T",
          session_id: open.session_id,
          config: { grants: closed } as never,
        }),
      () => world.holdfast.createSession(OTHER, { mode: "tuned", config: { grants: closed } as never }),
      () => world.holdfast.retryRun(OTHER, { run_id: open.run_id, config: { grants: closed } as never }),
    ]
  ) assertEquals(await code(again), "forbidden");
  await start(ADMIN, closed);
});
