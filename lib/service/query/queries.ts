// All questions of the doors, wired: who may see what is asked in each.
import type { Mode } from "../../protocol/rest.ts";
import type { Config } from "../../config.ts";
import type { Catalogue } from "../catalogue.ts";
import { grantsManifest } from "../grants.ts";
import type { Queries } from "../holdfast.ts";
import { exportSession } from "./export.ts";
import { readHistory } from "./history.ts";
import {
  listApprovals,
  listFiles,
  listRuns,
  listSessionRuns,
  readApproval,
  readBlob,
  readEvents,
  readLines,
  readRun,
  type RecordQueryParts,
} from "./records.ts";
import { listSessions, readDetail, readSummary, type SessionQueryParts, visibleState } from "./sessions.ts";
import type { SpendToday } from "./spend.ts";
import { zipOf } from "./zip.ts";

/** What questions need. */
export interface QueryParts extends SessionQueryParts, RecordQueryParts {
  readonly config: Config;
  readonly catalogue: Catalogue;
  readonly spend: SpendToday;
  freeSlots(): number;
}

/** Makes the questions. */
export function createQueries(parts: QueryParts): Queries {
  const { store, views } = parts;
  return {
    sessions: (p, filter) => listSessions(parts, p, filter),
    session: (p, session_id) => readDetail(parts, p, session_id),
    grants: async (p, session_id) => (await visibleState(store, p, session_id)).session?.grants ?? [],
    summary: (p, session_id) => readSummary(parts, p, session_id),
    async view(p, session_id) {
      await visibleState(store, p, session_id);
      return await views.read(session_id);
    },
    async history(p, session_id, limit) {
      await visibleState(store, p, session_id);
      return await readHistory(parts, session_id, limit);
    },
    sessionRuns: (p, session_id, page) => listSessionRuns(parts, p, { session_id, ...page }),
    runs: (p, page) => listRuns(parts, p, page),
    run: (p, run_id) => readRun(parts, p, run_id),
    approvals: (p, page) => listApprovals(parts, p, page),
    approval: (p, approval_id) => readApproval(parts, p, approval_id),
    events: (p, session_id, page) => readEvents(parts, p, { session_id, ...page }),
    eventLines: (p, session_id, page) => readLines(parts, p, { session_id, ...page }),
    blob: (p, session_id, digest) => readBlob(parts, p, { session_id, digest }),
    files: (p, session_id) => listFiles(parts, p, session_id),
    filesZip: async (p, session_id) => {
      await visibleState(store, p, session_id);
      return zipOf(await parts.folders.contents(session_id));
    },
    exportSession: (p, session_id) => exportSession(parts, p, session_id),
    modes: () => listModes(parts),
    // A reason may quote lines of code.
    workflowProblems: async (p) => p.admin ? await parts.catalogue.problems() : [],
    async pulse(p) {
      await store.summaries.whenReady;
      const counts = await store.summaries.counts(p);
      const cost_today_usd = parts.spend.total((session_id) => store.summaries.sees(p, session_id));
      return { ...counts, free_slots: parts.freeSlots(), cost_today_usd };
    },
  };
}

async function listModes({ catalogue, config }: QueryParts): Promise<Mode[]> {
  const entries = await catalogue.all();
  return entries.map(({ description, check }) => ({
    id: description.id,
    label: description.label,
    description: description.description,
    supports_resume: description.supports_resume,
    supports_hitl: description.supports_hitl,
    config_schema: check.schema,
    grants: grantsManifest(description, config),
  }));
}
