// A real server with a folder of own workflows, whose files a test writes, breaks and mends while it runs.
import { startServer, type TestServer } from "../../support/server.ts";
import { ask, send } from "./api.ts";
import { removeFolder } from "../../support/remove_folder.ts";

/** A server and its folder of workflows. */
export interface FlowServer extends AsyncDisposable {
  server: TestServer;
  /** Folder of workflows. */
  readonly folder: string;
  write(path: string, text: string): void;
  remove(path: string): void;
  /** kill -9 and another process on the same data. */
  restart(env?: Record<string, string>): Promise<void>;
  /** The run as it is now. */
  run(run_id: string): Promise<RunSeen>;
  /** Waits until the run has one of these statuses; fails after 30 s. */
  status(run_id: string, ...statuses: string[]): Promise<RunSeen>;
  /** The pending approvals of a session. */
  pending(session_id: string): Promise<{ approval_id: string; step_id: string; action: string }[]>;
  resolve(approval_id: string, body: Record<string, unknown>): Promise<void>;
}
/** A run as tests read it. */
export interface RunSeen {
  run_id: string;
  session_id: string;
  status: string;
  result?: unknown;
  error?: { type: string; message: string; traceback?: string };
}

/** Text of a workflow of one file. */
export function flow(id: string, run: string, more: { version?: number; top?: string; options?: string } = {}): string {
  const { version = 1, top = "", options = "" } = more;
  return `import { defineWorkflow, Failure, z } from "@holdfast/sdk";
${top}
export default defineWorkflow({ id: "${id}", version: ${version}, config: z.strictObject({ n: z.int().default(1) }), ${options}
  async run(ctx) {
${run}
  },
});
`;
}

/** Starts a server with these files in its folder of workflows. */
export async function startFlows(
  files: Record<string, string>,
  env: Record<string, string> = {},
): Promise<FlowServer> {
  const ground = Deno.realPathSync(await Deno.makeTempDir({ prefix: "holdfast-flows-" }));
  const [folder, data] = [`${ground}/flows`, `${ground}/data`];
  const write = (path: string, text: string) => {
    Deno.mkdirSync(`${folder}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    Deno.writeTextFileSync(`${folder}/${path}`, text);
  };
  Deno.mkdirSync(folder);
  for (const [path, text] of Object.entries(files)) write(path, text);
  const start = (more = {}) =>
    startServer({ data, env: { HOLDFAST_WORKFLOWS: folder, HOLDFAST_WARM: "1", ...env, ...more } });
  const run = async (run_id: string) => await ask(flows.server, "GET", `/api/runs/${run_id}`) as unknown as RunSeen;
  const flows: FlowServer = {
    server: await start(),
    folder,
    write,
    remove: (path) => Deno.removeSync(`${folder}/${path}`),
    async restart(more = {}) {
      await flows.server.kill();
      flows.server = await start(more);
    },
    run,
    async status(run_id, ...statuses) {
      const since = performance.now();
      for (;;) {
        const now = await run(run_id);
        if (statuses.includes(now.status)) return now;
        if (performance.now() - since > 30_000) throw new Error(`not ${statuses}: ${JSON.stringify(now)}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async pending(session_id) {
      const page = await ask(flows.server, "GET", `/api/approvals?status=pending&session_id=${session_id}&limit=200`);
      return page["approvals"] as { approval_id: string; step_id: string; action: string }[];
    },
    async resolve(approval_id, body) {
      const answer = await send(flows.server, "POST", `/api/approvals/${approval_id}/resolve`, body);
      if (answer.status !== 200) throw new Error(`${answer.status} ${answer.text}`);
    },
    async [Symbol.asyncDispose]() {
      await flows.server.close();
      await removeFolder(ground);
    },
  };
  return flows;
}
