// What the parts of the service share: the ports, the settings, the write path and the reads. Made once by create.ts.
import type { EngineSettings, SessionState } from "../engine/state.ts";
import type { Config } from "../config.ts";
import type { Json } from "../model/json.ts";
import type { SystemPrincipal } from "../model/principal.ts";
import type { RunRecord } from "../model/run.ts";
import type { SessionRecord } from "../model/session.ts";
import type { RunStart } from "../protocol/sandbox.ts";
import type { Catalogue } from "./catalogue.ts";
import type { Kept } from "./kept.ts";
import type { Clock, Folders, Ids, Models, Reach, Sandboxes } from "./ports.ts";
import type { Redactor } from "./redact.ts";
import type { SharedFolders } from "./shared_folders.ts";
import type { Submit } from "./submit.ts";

/** What runs and their drivers need of the rest. */
export interface RunCore {
  readonly config: Config;
  readonly settings: EngineSettings;
  /** Timers, scheduler and recovery of this instance. */
  readonly system: SystemPrincipal;
  readonly submit: Submit;
  readonly catalogue: Catalogue;
  readonly redactor: Redactor;
  readonly sandboxes: Sandboxes;
  /** Folders of this disk. */
  readonly folders: Folders;
  /** The same on a store that several instances share: what they are rebuilt from. */
  readonly shared: SharedFolders | null;
  readonly models: Models;
  readonly reach: Reach;
  readonly clock: Clock;
  readonly ids: Ids;
  /** The session as it is durable now. */
  load(session_id: string): Promise<SessionState>;
  /** The last seq of a session, null when it is gone. */
  headSeq(session_id: string): Promise<number | null>;
  /** A value whole; unchanged when it is no reference to a blob. */
  resolve(session_id: string, value: Json): Promise<Json>;
  /** What the runs before one left in its session: the same at every start of that run. */
  earlier(session: SessionRecord, run_id: string): Promise<Pick<RunStart, "history" | "memory">>;
  /** What a retry takes over; nothing for other runs. */
  kept(run: RunRecord): Promise<Kept>;
  /** Whether sandboxes may run here: the beat of this instance is acknowledged. */
  mayExecute(): boolean;
  /** Whether the writer is so far behind that pipes should not be read. */
  behind(): boolean;
}
