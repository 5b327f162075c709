// A whole service in this process with the real store, the real engine and real processes, whose workflow program is a
// hostile one. What a run does is the name of an attack in attack_flow.ts.
import { parseConfig } from "@/lib/config.ts";
import { project } from "@/lib/engine/project.ts";
import type { EventEnvelope } from "@/lib/model/event.ts";
import type { UserPrincipal } from "@/lib/model/principal.ts";
import { createModels } from "@/lib/llm/models.ts";
import { createFolders } from "@/lib/sandbox/folders.ts";
import { createReach } from "@/lib/sandbox/reach.ts";
import { createSandboxes } from "@/lib/sandbox/sandboxes.ts";
import { createHoldfast, engineSettings, type RunningHoldfast } from "@/lib/service/create.ts";
import { systemClock as clock, systemIds as ids } from "@/lib/service/system.ts";
import type { Run } from "@/lib/protocol/rest.ts";
import { openStore } from "@/lib/store/kv.ts";
import { createStore } from "@/lib/store/store.ts";
import { processesNaming, PROJECT, TEMPLATES, temporaryFolder, until } from "../../sandbox/support.ts";

const ADMIN: UserPrincipal = { kind: "user", id: "admin", name: "Administrator", admin: true };
const DEADLINE_MS = 30_000;
const ENDS: readonly string[] = ["completed", "failed", "cancelled"];

/** A service that runs a hostile program. */
export interface AttackedService extends AsyncDisposable {
  readonly holdfast: RunningHoldfast;
  readonly data: string;
  /** Starts a run that does one attack, in a session that there is or in a new one. */
  attack(name: string, session_id?: string): Promise<Attacked>;
  /** Waits until a run has a status; fails when it ends with another. */
  becomes(run_id: string, ...statuses: Run["status"][]): Promise<Run>;
  /** Waits until something stands in a session's log. */
  heard(session_id: string, what: (event: EventEnvelope) => boolean): Promise<EventEnvelope>;
  cancel(run_id: string): Promise<void>;
  /** What the server itself says about a run: its sandbox was lost. */
  lose(attacked: Attacked): Promise<void>;
  events(session_id: string): Promise<EventEnvelope[]>;
  /** Numbers of living processes of the service. */
  processes(): number[];
}
/** A run that attacks. */
export interface Attacked {
  readonly session_id: string;
  readonly run_id: string;
}

/** The longest time in which this process did nothing else while `fn` ran, milliseconds. */
export async function longestGap(fn: () => Promise<void>): Promise<number> {
  let longest = 0;
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  }, 2);
  try {
    await fn();
  } finally {
    clearInterval(timer);
  }
  return longest;
}

/** Opens a service; disposing of it ends everything. */
export async function attackedService(env: Record<string, string> = {}): Promise<AttackedService> {
  const folder = temporaryFolder();
  const config = parseConfig({ HOLDFAST_DATA: folder.path, HOLDFAST_WARM: "0", ...env });
  const connection = await openStore(`${folder.path}/holdfast.kv`, { clock });
  const settings = engineSettings(config);
  const instance = ids.uuid();
  const store = await createStore(connection, { clock, ids, instance, project: (state) => project(state, settings) });
  const sandboxes = await createSandboxes({
    project_root: PROJECT,
    data_dir: folder.path,
    isolation: config.sandbox,
    warm: config.warm,
    memory_mb: config.memory_mb,
    deno: Deno.execPath(),
    clock,
    ids,
    workflow_program: `${PROJECT}/tests/e2e/support/attack_flow.ts`,
    templates_dir: TEMPLATES,
  });
  const models = createModels({ base_url: null, api_key: null, model: null, clock });
  const folders = createFolders({ data_dir: folder.path, disk_mb: config.disk_mb, clock, ids });
  const hub = { publish() {}, follows: () => false, missed() {} };
  const reach = createReach({ ask_net: "any", ask_read: [], private_hosts: [], closed: [folder.path, PROJECT] });
  const parts = { config, version: "0", instance, store, sandboxes, folders, models, reach, hub, clock, ids };
  const holdfast = await createHoldfast(parts);
  await holdfast.start();
  const events = async (session_id: string) => (await holdfast.query.events(ADMIN, session_id, { limit: 1000 })).events;
  return {
    holdfast,
    data: folder.path,
    async attack(name, session_id) {
      const into = session_id === undefined ? {} : { session_id };
      const started = await holdfast.startTask(ADMIN, { task: name, config: { mode: "hostile" }, ...into });
      return { session_id: started.session_id, run_id: started.run_id };
    },
    async becomes(run_id, ...statuses) {
      let run = await holdfast.query.run(ADMIN, run_id);
      await until(
        async () => {
          run = await holdfast.query.run(ADMIN, run_id);
          return statuses.includes(run.status) || ENDS.includes(run.status);
        },
        DEADLINE_MS,
        `run ${run_id} ${statuses.join(" or ")}`,
      );
      if (!statuses.includes(run.status)) throw new Error(`run ${run_id} is ${run.status}: ${JSON.stringify(run)}`);
      return run;
    },
    async heard(session_id, what) {
      let found: EventEnvelope | undefined;
      await until(
        async () => {
          found = (await events(session_id)).find(what);
          return found !== undefined;
        },
        DEADLINE_MS,
        `the event of session ${session_id}`,
      );
      if (found === undefined) throw new Error("nothing was heard");
      return found;
    },
    cancel: async (run_id) => void await holdfast.cancelRun(ADMIN, run_id),
    async lose({ session_id, run_id }) {
      const { run } = await store.sessions.state(session_id);
      const fence = run?.status === "running" ? run.lease.fence : 0;
      const system = { kind: "system", instance } as const;
      const lost = { type: "requeue_run", run_id, fence, reason: "takeover", loss: true } as const;
      // The doors have no words for it: it is what another instance would say.
      await holdfast.execute(system, session_id, lost as never);
    },
    events,
    processes: () => processesNaming(folder.path),
    async [Symbol.asyncDispose]() {
      await holdfast.drain();
      await holdfast.close();
      await sandboxes.close();
      await store.close();
      const left = processesNaming(folder.path);
      await folder[Symbol.asyncDispose]();
      if (left.length > 0) throw new Error(`processes are left: ${left.join(", ")}`);
    },
  };
}
