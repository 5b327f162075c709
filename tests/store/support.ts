// A store in memory with a clock that stands, and sessions in it that the engine decides.
import { decide } from "@/lib/engine/decide.ts";
import { project } from "@/lib/engine/project.ts";
import type { DecideContext, SessionState } from "@/lib/engine/state.ts";
import type { Command } from "@/lib/model/command.ts";
import type { EventDraft } from "@/lib/model/event.ts";
import type { Json } from "@/lib/model/json.ts";
import type { Principal, UserPrincipal } from "@/lib/model/principal.ts";
import { type Connection, type Kv, openStore } from "@/lib/store/kv.ts";
import type { Key, Mutation } from "@/lib/store/mutation.ts";
import { createStore, type Store } from "@/lib/store/store.ts";
import type { Done } from "@/lib/store/writer/types.ts";
import { newRun, OWNER, SETTINGS, SYSTEM, uuid } from "../engine/support/story.ts";
import { VirtualClock } from "./writer/virtual_clock.ts";

/** How a place is opened. */
export interface PlaceOptions {
  location?: string;
  clock?: VirtualClock;
  instance?: string;
  exclusive?: boolean;
}

let made = 1000;
/** New ids that are UUIDs, and tokens, never the same twice. */
export const testIds = {
  uuid: () => uuid(++made),
  token: (characters: number) => `t${++made}`.padEnd(characters, "x"),
};

/** A store with its clock. */
export class Place implements AsyncDisposable {
  constructor(readonly store: Store, readonly connection: Connection, readonly clock: VirtualClock) {}

  static async open(options: PlaceOptions = {}): Promise<Place> {
    const clock = options.clock ?? new VirtualClock();
    const connection = await openStore(options.location ?? ":memory:", { clock });
    const store = await createStore(connection, {
      clock,
      ids: testIds,
      instance: options.instance ?? "instance-a",
      project: (state) => project(state, SETTINGS),
      ...(options.exclusive === undefined ? {} : { exclusive: options.exclusive }),
    });
    return new Place(store, connection, clock);
  }

  get kv(): Kv {
    return this.connection.kv;
  }

  /** Says a command through the writer; throws what it is refused with. */
  async say(
    session_id: string,
    said: { by: Principal; command: Command; outside?: DecideContext["outside"]; keys?: Key[]; rows?: Mutation[] },
  ): Promise<Done<Json>> {
    return await this.store.writer.submit<Json>({
      session_id,
      outside: said.keys ?? [],
      urgent: true,
      owner: said.by.kind === "run" ? "run" : "person",
      decide: ({ state, now }) => {
        const context = { now, settings: SETTINGS, outside: said.outside ?? {} };
        const decision = decide(state, said.by, said.command, context);
        if (!decision.ok) throw new Error(`${decision.code}: ${decision.message}`);
        if ("same" in decision) return { commit: false, reply: decision.reply };
        const { events, asks, reply } = decision;
        const rows = said.rows ?? [];
        return { commit: true, state: decision.state, events, reply, rows, ...(asks === undefined ? {} : { asks }) };
      },
    });
  }

  /** A new session of a person. */
  async create(session_id: string, by: UserPrincipal = OWNER, name = "Demo"): Promise<void> {
    await this.say(session_id, {
      by,
      command: { type: "create_session", session: { session_id, mode: "one-shot", config: {}, name } },
    });
  }

  /** A run of a session; with `begun` a sandbox executes it. */
  async start(session_id: string, run: { run_id: string; task?: string; begun?: boolean }): Promise<void> {
    const { begun, ...given } = run;
    await this.say(session_id, { by: OWNER, command: { type: "start_run", run: newRun(given) } });
    if (!begun) return;
    const { run_id } = run;
    await this.say(session_id, { by: SYSTEM, command: { type: "claim_run", run_id } });
    const { head: { fence } } = await this.store.sessions.state(session_id);
    const workflow = { workflow_version: 1, source_digest: "source-1", model: "runbook", work_dir: "/work" };
    await this.say(session_id, {
      by: { kind: "run", session_id, run_id, fence },
      command: { type: "begin_run", reused_steps: 0, ...workflow },
    });
  }

  /** Appends events to a session that is there, without any rule. */
  append(session_id: string, events: EventDraft[], urgent = true): Promise<Done<null>> {
    return this.store.writer.submit<null>({
      session_id,
      outside: [],
      urgent,
      owner: "run",
      decide: ({ state }) => ({ commit: true, state: moved(state, events.length), events, reply: null }),
    });
  }

  /** Every key of the store. */
  async allKeys(): Promise<Key[]> {
    const found: Key[] = [];
    for await (const entry of this.kv.list({ prefix: [] })) found.push(entry.key);
    return found;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = this.store.close();
    for (let turns = 0; turns < 50; turns++) await turn();
    await closed;
  }
}

function moved(state: SessionState, events: number): SessionState {
  return { ...state, head: { ...state.head, head_seq: state.head.head_seq + events } };
}

/** One line of output. */
export function output(message: string, run_id: string | null = null): EventDraft {
  return { event_type: "output", run_id, data: { message, stream: "stdout", source: "test" } };
}

/** One turn of the loop: what is ready has run. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
