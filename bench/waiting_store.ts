// Fills a data folder with runs that wait for an approval, by the service itself: every command is decided, committed and
// indexed as in a server, and the real runtime of workflows says what the real host hears. Only the processes of the
// sandboxes are left out: the runtime works in this one, which is what makes thousands of runs a matter of a minute.
import { parseConfig } from "../lib/config.ts";
import { project } from "../lib/engine/project.ts";
import { LiveHub } from "../lib/live/hub.ts";
import { createModels } from "../lib/llm/models.ts";
import { createFolders } from "../lib/sandbox/folders.ts";
import { sourceDigest } from "../lib/sandbox/source_digest.ts";
import { createReach } from "../lib/sandbox/reach.ts";
import { createHoldfast, engineSettings, type RunningHoldfast } from "../lib/service/create.ts";
import { systemClock as clock, systemIds as ids } from "../lib/service/system.ts";
import { openStore } from "../lib/store/kv.ts";
import { createStore } from "../lib/store/store.ts";
import { FakeSandboxes } from "../tests/service/support/fake_sandboxes.ts";
import { describe } from "../workers/runtime/describe.ts";
import { MODES } from "../workers/modes/mod.ts";
import { load } from "./report.ts";

const ADMIN = { kind: "user", id: "admin", name: "Administrator", admin: true } as const;
const ROOT = new URL("..", import.meta.url).pathname.replace(/\/$/, "");
const AT_ONCE = 100;
const DEADLINE_MS = 60_000;
/** Each look costs a query, and all look at once. */
const LOOK_MS = 100;

/** Starts `count` runs of a task and waits until all of them wait; gives the sessions. */
export async function fillWithWaiting(
  data: string,
  { count, task }: { count: number; task: string },
): Promise<string[]> {
  const config = parseConfig({
    HOLDFAST_DATA: data,
    HOLDFAST_WAIT_HOLD: "0",
    HOLDFAST_CONCURRENCY: `${AT_ONCE}`,
    HOLDFAST_TOKEN: ids.token(32),
  });
  const instance = ids.uuid();
  const connection = await openStore(config.kv, { clock });
  const settings = engineSettings(config);
  const store = await createStore(connection, { clock, ids, instance, project: (state) => project(state, settings) });
  const sandboxes = new FakeSandboxes(MODES, clock);
  const digest = await sourceDigest(ROOT);
  sandboxes.describe = () => Promise.resolve({ workflows: MODES.map((mode) => describe(mode, digest)), problems: [] });
  const holdfast = await createHoldfast({
    config,
    version: "bench",
    instance,
    store,
    sandboxes,
    folders: createFolders({ data_dir: config.data, disk_mb: config.disk_mb, clock, ids }),
    reach: createReach({ ask_net: [], ask_read: [], private_hosts: [], closed: [] }),
    models: createModels({ base_url: null, api_key: null, model: null, clock }),
    hub: new LiveHub(clock),
    clock,
    ids,
  });
  await holdfast.start();
  const sessions: string[] = [];
  try {
    await load(count, AT_ONCE, async () => {
      const { session_id } = await holdfast.startTask(ADMIN, { task, config: { mode: "one-shot" } });
      await untilWaiting(holdfast, session_id);
      sessions.push(session_id);
      sandboxes.started.length = 0;
    });
  } finally {
    await holdfast.drain();
    await holdfast.close();
    await store.close();
  }
  return sessions;
}

async function untilWaiting(holdfast: RunningHoldfast, session_id: string): Promise<void> {
  const deadline = clock.monotonic() + DEADLINE_MS;
  for (;;) {
    const { wait } = await holdfast.query.session(ADMIN, session_id);
    if (wait?.on === "approval") return;
    if (clock.monotonic() > deadline) throw new Error(`a run does not wait after ${DEADLINE_MS} ms: ${wait?.on}`);
    await clock.sleep(LOOK_MS);
  }
}
