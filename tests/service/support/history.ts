// One history: what people, clocks and crashes do to a few sessions of a real service, step by step against the model.
//
//   After each act the service comes to rest, and its records, lists, counts and views must be those of the model.
import { assert, assertEquals } from "@std/assert";
import type { BulkAction } from "@/lib/engine/bulk.ts";
import { openEntries } from "@/lib/engine/open.ts";
import { presentSession } from "@/lib/engine/present.ts";
import type { SessionState } from "@/lib/engine/state.ts";
import { AppError } from "@/lib/model/error.ts";
import { ADMIN, type World } from "./world.ts";
import type { Act } from "./history_acts.ts";
import { compareAll, SETTINGS } from "./history_compare.ts";
import type { Flows } from "./history_flows.ts";
import {
  ACTS,
  bulkCode,
  end,
  goesOn,
  KINDS,
  type ModelSession,
  move,
  openRun,
  pause,
  statusOf,
} from "./history_model.ts";
import type { Tamper } from "./history_plants.ts";

const UNKNOWN = "00000000-0000-4000-8000-00000000ffff";
const MOST = 4;
/** Moments, of a quarter of a turn each, that the service may be behind the clock. */
const MOMENTS = 10;
const PATIENCE_MS = 3_000;
/** The loops of the service look this often. */
const TURN_MS = 1000;

/** The task of the last run; a retry has that of its parent. */
const taskOf = ({ run }: SessionState): string => typeof run?.task === "string" ? run.task : "";

/** Waits for a while, in real time, until something holds. */
async function within(holds: () => Promise<boolean>): Promise<boolean> {
  const end = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    if (performance.now() > end) return false;
    await new Promise((turn) => setTimeout(turn, 1));
  }
  return true;
}

/** A history while it is played. */
export class History {
  #world: World;
  readonly #steps: Flows;
  readonly #tamper: Tamper;
  readonly #sessions: ModelSession[] = [];
  #n = 0;

  constructor(world: World, { steps, tamper }: { steps: Flows; tamper: Tamper }) {
    this.#world = world;
    this.#steps = steps;
    this.#tamper = tamper;
  }

  async step({ what, a, b }: Act): Promise<void> {
    if (what === "create") return await this.#create(a, b);
    if (what === "wait") return await this.#pass(1 + b % 8);
    if (what === "rest") return await this.#pass(22);
    if (what === "crash") return await this.#crash();
    if (what === "bulk") return await this.#bulk(a, b);
    const session = this.#sessions[a % Math.max(1, this.#sessions.length)];
    if (session !== undefined) await this.#act(what, session, b);
  }

  async #create(a: number, b: number): Promise<void> {
    if (this.#sessions.length >= MOST) return;
    const kind = KINDS[a % KINDS.length] ?? "quick";
    const task = `task ${++this.#n}`;
    if (b % 3 === 0) {
      const made = await this.#world.holdfast.createSession(ADMIN, { mode: kind, config: {}, name: task });
      const { session_id } = made;
      this.#sessions.push({ session_id, kind, status: "active", version: 1, pinned: false, run: null });
      return;
    }
    const run_id = task.replace(" ", "-");
    const { session_id } = await this.#world.holdfast.startTask(ADMIN, { task, config: { mode: kind }, run_id });
    const run = { run_id, rests: [], pausing: false, passed: "no" as const };
    const session: ModelSession = { session_id, kind, status: "active", version: 1, pinned: false, run };
    this.#sessions.push(session);
    goesOn(session, run);
  }

  /** Does something that is taken or refused as the model says; what it does is done to the model after it. */
  async #try(code: string | null, work: () => Promise<unknown>, then: () => void): Promise<void> {
    const refused = await work().then(() => null, (error) => {
      if (error instanceof AppError) return error.code;
      throw error;
    });
    assertEquals(refused, code, "taken or refused");
    if (code === null) then();
  }

  #say(session: ModelSession, command: Parameters<World["holdfast"]["execute"]>[2]): Promise<unknown> {
    return this.#world.holdfast.execute(ADMIN, session.session_id, command);
  }

  async #act(what: Act["what"], session: ModelSession, b: number): Promise<void> {
    const { session_id, run } = session;
    const run_id = run?.run_id ?? "none";
    const now = b % 2 === 0;
    switch (what) {
      case "start":
        return await this.#start(session);
      case "open":
        return await this.#gate(session, now);
      case "suspend":
        return await this.#try(
          ACTS.suspend(session, now),
          () => this.#say(session, { type: "suspend_session", now }),
          () => {
            move(session, "suspended");
            const open = openRun(session);
            if (open !== null && statusOf(open) !== "paused") pause(session, open, now);
          },
        );
      case "resume":
        return await this.#try(
          ACTS.resume(session),
          () => this.#tamper.during("resume", session_id, () => this.#say(session, { type: "resume_session" })),
          () => {
            move(session, "active");
            this.#unpause(session);
          },
        );
      case "delete":
        return await this.#try(null, () => this.#say(session, { type: "delete_session" }), () => this.#drop(session));
      case "update":
        return await this.#update(session, b);
      default:
        if (run !== null) await this.#actOnRun(what, session, { run_id, now, b });
    }
  }

  async #actOnRun(what: Act["what"], session: ModelSession, how: { run_id: string; now: boolean; b: number }) {
    const { run_id, now } = how;
    const run = session.run;
    if (run === null) return;
    switch (what) {
      case "pauseRun":
        return await this.#try(
          ACTS.pauseRun(session),
          () => this.#say(session, { type: "pause_run", run_id, now }),
          () => pause(session, run, now),
        );
      case "resumeRun":
        return await this.#try(
          ACTS.resumeRun(session),
          () => this.#say(session, { type: "resume_run", run_id }),
          () => this.#unpause(session),
        );
      case "cancel":
        return await this.#try(
          ACTS.cancel(session),
          () => this.#world.holdfast.cancelRun(ADMIN, run_id),
          () => this.#cancelled(session),
        );
      case "retry":
        return await this.#retry(session);
      case "answer":
        return await this.#answer(session, how.b);
      case "message":
        return await this.#try(
          openRun(session) === null ? "wrong_state" : "takes_no_messages",
          () => this.#say(session, { type: "send_message", run_id, message_id: UNKNOWN, content: "hello" }),
          () => {},
        );
      default:
        throw new Error(`no such act on a run: ${what}`);
    }
  }

  async #start(session: ModelSession): Promise<void> {
    const task = `task ${++this.#n}`;
    const run_id = task.replace(" ", "-");
    const { session_id } = session;
    const start = { task, config: {}, run_id, session_id };
    await this.#try(ACTS.start(session), () => this.#world.holdfast.startTask(ADMIN, start), () => {
      const run = { run_id, rests: [], pausing: false, passed: "no" as const };
      session.run = run;
      move(session, "active");
      goesOn(session, run);
    });
  }

  async #retry(session: ModelSession): Promise<void> {
    const parent = session.run;
    if (parent === null) return;
    let made = "";
    const retry = async () => {
      made = (await this.#world.holdfast.retryRun(ADMIN, { run_id: parent.run_id })).run_id;
    };
    await this.#try(ACTS.retry(session), retry, () => {
      // What was finished is kept; a step that failed at the end is tried again, a question that ended it is asked again.
      const again = parent.passed === "badly";
      const passed = again ? "no" as const : parent.passed;
      const run = { run_id: made, rests: [], pausing: false, passed };
      session.run = run;
      move(session, "active");
      goesOn(session, run);
    });
  }

  async #gate(session: ModelSession, well: boolean): Promise<void> {
    const run = openRun(session);
    if (run === null || session.kind !== "gated" || statusOf(run) !== "running") return;
    const task = taskOf(await this.#world.state(session.session_id));
    assert(this.#steps.open(task, well), `no step of "${task}" stands`);
    run.passed = well ? "well" : "badly";
    if (!run.pausing) return goesOn(session, run);
    // It was the last step: the end of the run and the boundary at which it pauses come together, and either is first.
    run.pausing = false;
    run.rests = ["paused", well ? "completed" : "failed"];
  }

  #unpause(session: ModelSession): void {
    const run = openRun(session);
    if (run === null) return;
    if (statusOf(run) === "paused") goesOn(session, run);
    run.pausing = false;
  }

  #cancelled(session: ModelSession): void {
    const run = openRun(session);
    if (run !== null) end(session, run, "cancelled");
  }

  #drop(session: ModelSession): void {
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
  }

  async #answer(session: ModelSession, b: number): Promise<void> {
    const run = session.run;
    if (session.kind !== "asks" || run === null) return;
    const page = await this.#world.holdfast.query.approvals(ADMIN, { session_id: session.session_id, limit: 50 });
    const asked = page.items.find((one) => one.run_id === run.run_id);
    if (asked === undefined) return;
    const resolution = b % 3 === 0 ? "rejected" : "approved";
    const pending = openRun(session) !== null && run.passed === "no";
    assertEquals(asked.status === "pending", pending, "whether it can be answered");
    const same = asked.status === "resolved" && asked.resolution === resolution;
    const code = pending || same
      ? null
      : asked.status === "resolved"
      ? "already_resolved"
      : this.#closedCode(asked.status);
    const { approval_id } = asked;
    const answer = () => this.#world.holdfast.resolveApproval(ADMIN, { approval_id, resolution });
    await this.#try(code, answer, () => {
      if (!pending) return;
      run.passed = resolution === "approved" ? "well" : "badly";
      if (statusOf(run) === "waiting") goesOn(session, run);
    });
  }

  #closedCode(status: string): string {
    return status === "expired" || status === "cancelled" ? "wrong_state" : "already_resolved";
  }

  async #update(session: ModelSession, b: number): Promise<void> {
    const stale = b % 3 === 0;
    const version = stale ? session.version - 1 : session.version;
    const named = b % 2 === 0;
    const change = named ? { name: `name ${++this.#n}` } : { pinned: !session.pinned };
    await this.#try(
      stale ? "version_conflict" : null,
      () => this.#say(session, { type: "update_session", ...change, version }),
      () => {
        if (named) session.version++;
        else session.pinned = !session.pinned;
      },
    );
  }

  async #bulk(a: number, b: number): Promise<void> {
    const actions: BulkAction[] = ["suspend", "resume", "cancel", "delete"];
    // Deleting all would leave nothing to tell of.
    const action = actions[b % 8 === 7 ? 3 : b % 3] ?? "suspend";
    const chosen = this.#sessions.filter((_, n) => action !== "delete" || n === a % this.#sessions.length);
    const ids = [...chosen.map((one) => one.session_id), UNKNOWN];
    const results = await this.#world.holdfast.bulk(ADMIN, { ids, action, now: false });
    assertEquals(results.map((one) => one.code ?? null), [
      ...chosen.map((session) => bulkCode(session, action)),
      "not_found",
    ]);
    for (const session of chosen) {
      if (bulkCode(session, action) === null) this.#bulkDone(session, action);
    }
  }

  #bulkDone(session: ModelSession, action: BulkAction): void {
    const open = openRun(session);
    if (action === "delete") return this.#drop(session);
    if (action === "cancel") return this.#cancelled(session);
    if (action === "resume") {
      move(session, "active");
      return this.#unpause(session);
    }
    if (session.status === "suspended") return;
    move(session, "suspended");
    if (open !== null && statusOf(open) !== "paused") pause(session, open, false);
  }

  /** Time goes on, from one thing that is due to the next: each is done, and rests, before the one after it is looked for. */
  async #pass(seconds: number): Promise<void> {
    const { clock } = this.#world;
    const target = clock.now() + seconds * 1000;
    while (clock.now() < target) {
      const dues = (await this.#dues()).sort((a, b) => a.at - b.at);
      let end = target;
      for (const due of dues) {
        // What is due at the very end may be done by one more turn of the loops or not: it is waited for.
        if (due.at > end + TURN_MS && due !== dues[0]) break;
        if (due.at > target + TURN_MS) break;
        end = due === dues[0] ? due.at + 2 * TURN_MS : Math.max(end, due.at + 2 * TURN_MS);
        due.happens();
      }
      await this.#world.pass(end - clock.now(), TURN_MS);
      for (const session of this.#sessions) await this.#settled(session);
    }
  }

  /** Questions and naps that end, sessions at rest that are put away: when their records say. */
  async #dues(): Promise<{ at: number; happens: () => void }[]> {
    const found = await Promise.all(this.#sessions.map(async (session) => {
      const state = await this.#world.state(session.session_id);
      const { expires_at } = presentSession(state, SETTINGS);
      const run = openRun(session);
      if (run === null) {
        return expires_at === null ? [] : [{ at: Date.parse(expires_at), happens: () => move(session, "expired") }];
      }
      if (run.passed !== "no") return [];
      const asked = [...state.approvals.values()].find((row) => row.status === "pending");
      const nap = openEntries(state).find((entry) => entry.kind === "sleep");
      const over = (passed: "well" | "badly") => () => {
        run.passed = passed;
        if (statusOf(run) === "waiting") goesOn(session, run);
      };
      return [
        ...(asked === undefined ? [] : [{ at: Date.parse(asked.expires_at), happens: over("badly") }]),
        ...(nap?.until === undefined ? [] : [{ at: Date.parse(nap.until), happens: over("well") }]),
      ];
    }));
    return found.flat();
  }

  async #crash(): Promise<void> {
    this.#world.crash();
    this.#steps.forget();
    this.#world = await this.#world.next();
    for (const session of this.#sessions) {
      const run = openRun(session);
      if (run?.pausing) {
        run.pausing = false;
        run.rests = ["paused"];
      }
    }
  }

  /** Waits for the rest that the model allows, then compares everything that can be asked for. */
  async compare(): Promise<void> {
    for (const session of this.#sessions) await this.#settled(session);
    await compareAll(this.#world, this.#sessions);
  }

  async #settled(session: ModelSession): Promise<void> {
    const { session_id, run } = session;
    let seen = "";
    const rests = async () => {
      const state = await this.#world.state(session_id);
      seen = `${state.run?.run_id} ${state.run?.status} in ${state.session?.status}`;
      if (run === null) return state.run === null && state.session?.status === session.status;
      const there = state.run?.run_id === run.run_id && run.rests.some((one) => one === state.run?.status);
      if (!there || run.rests.length > 1) return there;
      const stands = session.kind !== "gated" || state.run?.status !== "running" || this.#steps.stands(taskOf(state));
      return stands && state.session?.status === session.status;
    };
    const model = `${run?.run_id} ${run?.rests.join("|")} in ${session.status} (${session.kind})`;
    // On a loaded machine the loops of the service may be a turn behind the clock: they get a few moments more of it.
    for (let moments = 0; !await within(rests); moments++) {
      if (moments === MOMENTS) throw new Error(`the model says ${model}, it is ${seen}`);
      await this.#world.pass(TURN_MS / 4);
    }
    if (run === null) return;
    const state = await this.#world.state(session_id);
    const status = state.run?.status;
    if (status !== "running") this.#steps.forget(taskOf(state));
    if (run.rests.length === 1) return;
    if (status === "failed" || status === "completed") end(session, run, status);
    else run.rests = run.rests.filter((one) => one === status);
  }
}
