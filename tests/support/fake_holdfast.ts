// The service as the doors see it, in memory: for tests of the doors alone. Rules are not its business; tests of rules
// run the real service.
import type { UserCommand } from "@/lib/model/command.ts";
import type { EventDraft } from "@/lib/model/event.ts";
import { AppError } from "@/lib/model/error.ts";
import type { Json } from "@/lib/model/json.ts";
import { type Ended, endsWith, type UserPrincipal } from "@/lib/model/principal.ts";
import { NO_COST } from "@/lib/model/cost.ts";
import type { Approval, Page, Run, Session, SessionDetail, Token } from "@/lib/protocol/rest.ts";
import type { ConnectionRow, ExecuteOptions, Holdfast, StartTaskInput } from "@/lib/service/holdfast.ts";
import type { Clock, Hub } from "@/lib/service/ports.ts";
import { MemoryLog } from "@/tests/live/support.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { CountingIds, FakeFolders } from "@/tests/service/support/fake_edges.ts";

/** The administrator's token. */
export const ADMIN_TOKEN = "administrator-token-1";
/** Another person's token. */
export const OTHER_TOKEN = "other-persons-token-2";
/** A cookie of the administrator. */
export const COOKIE_VALUE = "cookie-of-the-administrator";
const ADMIN: UserPrincipal = { kind: "user", id: "admin", name: "Administrator", admin: true };
const OTHER: UserPrincipal = {
  kind: "user",
  id: "other",
  name: "Other",
  admin: false,
  credential: { token_id: "token-of-other" },
};
/** SHA-256 of the cookie, as it were. */
export const COOKIE_LOGIN = "c".repeat(64);
const BY_COOKIE: UserPrincipal = { ...ADMIN, credential: { token_id: "token-of-admin", login: COOKIE_LOGIN } };

/** What the doors asked for. */
export interface Asked {
  what: string;
  input: unknown;
  options: ExecuteOptions | undefined;
}

/** A service in memory. */
export class FakeHoldfast {
  readonly clock: Clock;
  readonly ids = new CountingIds(7);
  readonly log = new MemoryLog();
  readonly asked: Asked[] = [];
  readonly rows = new Map<string, ConnectionRow>();
  readonly sessions = new Map<string, Session>();
  readonly runs = new Map<string, Run>();
  readonly approvals = new Map<string, Approval>();
  readonly links = new Set(["link-secret"]);
  draining = false;
  /** What the next question throws. */
  failure: unknown = null;
  /** What has ended so far. */
  readonly ended: Ended[] = [];
  readonly #listeners = new Set<(ended: Ended | null) => void>();
  readonly #hub: Hub;

  constructor(hub: Hub, clock: Clock = new FakeClock()) {
    this.#hub = hub;
    this.clock = clock;
  }

  /** Makes a session that belongs to a person. */
  addSession(owner: UserPrincipal = ADMIN): Session {
    const session = sessionOf(this.ids.uuid(), owner);
    this.sessions.set(session.session_id, session);
    this.log.open(session.session_id);
    return session;
  }

  /** Makes a run of a session. */
  addRun(session_id: string, run_id = this.ids.uuid()): Run {
    const run = runOf(session_id, run_id);
    this.runs.set(run_id, run);
    return run;
  }

  /** Commits lines to a session and tells the hub. */
  commit(session_id: string, count: number, options: { drafts?: EventDraft[]; bytes?: number } = {}): void {
    this.#hub.publish(this.log.commit(session_id, count, options));
  }

  /** Deletes a session. */
  remove(session_id: string): void {
    this.sessions.delete(session_id);
    this.#hub.publish(this.log.remove(session_id));
  }

  #visible(p: UserPrincipal, session_id: string): Session {
    if (this.failure !== null) throw this.failure;
    const session = this.sessions.get(session_id);
    if (session === undefined || !(p.admin || session.owner.id === p.id)) {
      throw new AppError("not_found", `Cannot find the session "${session_id}"`);
    }
    return session;
  }
  #run(p: UserPrincipal, run_id: string): Run {
    const run = this.runs.get(run_id);
    if (run === undefined) throw new AppError("not_found", `Cannot find the run "${run_id}"`);
    this.#visible(p, run.session_id);
    return run;
  }
  #note(what: string, input: unknown, options: ExecuteOptions | undefined): void {
    if (this.failure !== null) throw this.failure;
    this.asked.push({ what, input, options });
  }

  /** A token or login ends; null: it ended on another instance. */
  end(ended: Ended, elsewhere = false): void {
    this.ended.push(ended);
    for (const fn of [...this.#listeners]) fn(elsewhere ? null : ended);
  }

  /** The service itself. */
  readonly holdfast = this.#make();

  #make(): Holdfast {
    // deno-lint-ignore no-this-alias -- getters below have a this of their own
    const fake = this;
    return {
      execute: async (p, session_id, command: UserCommand, options) => {
        if (p.kind === "user") this.#visible(p, session_id);
        this.#note(command.type, command, options);
        if (command.type === "delete_session") this.remove(session_id);
        return await Promise.resolve(this.#reply(session_id, command));
      },
      startTask: (p, input, options) => Promise.resolve(this.#start(p, input, options)),
      createSession: (p, input, options) => {
        this.#note("create_session", input, options);
        return Promise.resolve(this.addSession(p));
      },
      retryRun: async (p, input, options) => {
        const { session_id } = this.#run(p, input.run_id);
        this.#note("retry_run", input, options);
        return await Promise.resolve(this.addRun(session_id));
      },
      bulk: async (_p, input, options) => {
        this.#note("bulk", input, options);
        return await Promise.resolve(input.ids.map((session_id) => ({ session_id, ok: true, message: input.action })));
      },
      cancelRun: async (p, run_id, options) => {
        this.#note("cancel_run", run_id, options);
        return await Promise.resolve(this.runs.has(run_id) ? this.#run(p, run_id) : null);
      },
      upload: async (p, { session_id, path }, content) => {
        this.#visible(p, session_id);
        return await this.holdfast.folders.write(session_id, path, content);
      },
      resolveApproval: async (p, input, options) => {
        this.#note("resolve_approval", input, options);
        return await Promise.resolve(this.#approval(p, input.approval_id));
      },
      query: this.#queries(),
      accounts: this.#accounts(),
      folders: new FakeFolders(this.clock instanceof FakeClock ? this.clock : new FakeClock()),
      log: this.log,
      health: {
        version: "0.0.0-test",
        instance: "i1",
        isolation: "plain",
        uptime_s: () => 1.5,
        draining: () => this.draining,
        ready: () => Promise.resolve({ ok: true, checks: { kv: OK, sandbox: OK, recovery: OK, disk: OK } }),
        metrics: () => "# service\n",
      },
      connections: {
        put: (rows) => Promise.resolve(rows.forEach((row) => this.rows.set(row.connection_id, row))),
        remove: (ids) => Promise.resolve(ids.forEach((id) => this.rows.delete(id))),
        list: () => Promise.resolve([...this.rows.values()]),
      },
      get clock() {
        return fake.clock;
      },
      ids: this.ids,
    };
  }

  #reply(session_id: string, command: UserCommand): Json {
    if (command.type === "send_message") return { queued: true, message_id: command.message_id };
    if (command.type.endsWith("_run")) return JSON.parse(JSON.stringify(runOf(session_id, "r1")));
    if (command.type === "update_session") return JSON.parse(JSON.stringify(this.sessions.get(session_id)));
    return { success: true, session_id, message: command.type };
  }

  #start(p: UserPrincipal, input: StartTaskInput, options: ExecuteOptions | undefined) {
    this.#note("start_task", input, options);
    if (input.task === "refuse") throw new AppError("session_busy", "Cannot start a run: one is not over");
    const known = input.run_id === undefined ? undefined : this.runs.get(input.run_id);
    if (known !== undefined) return { session_id: known.session_id, run_id: known.run_id, run: known };
    const session_id = input.session_id === undefined
      ? this.addSession(p).session_id
      : this.#visible(p, input.session_id).session_id;
    const run = this.addRun(session_id, input.run_id);
    this.commit(session_id, 2);
    return { session_id, run_id: run.run_id, run };
  }

  #approval(p: UserPrincipal, approval_id: string): Approval {
    const approval = this.approvals.get(approval_id);
    if (approval === undefined) throw new AppError("not_found", `Cannot find the approval "${approval_id}"`);
    this.#visible(p, approval.session_id);
    return approval;
  }

  #queries(): Holdfast["query"] {
    const mine = (p: UserPrincipal) => [...this.sessions.values()].filter((one) => p.admin || one.owner.id === p.id);
    return {
      sessions: (p, filter) => Promise.resolve(pageOf(mine(p), filter.limit)),
      session: async (p, id) => await Promise.resolve(detailOf(this.#visible(p, id))),
      grants: async (p, id) => await Promise.resolve(detailOf(this.#visible(p, id)).grants),
      summary: async (p, id) => await Promise.resolve(this.#visible(p, id)),
      workflowProblems: () => Promise.resolve([]),
      view: () => Promise.reject(new Error("not used by the doors")),
      history: async (p, id) => await Promise.resolve((this.#visible(p, id), { total: 0, messages: [] })),
      sessionRuns: async (p, id, { limit }) => {
        this.#visible(p, id);
        return await Promise.resolve(pageOf([...this.runs.values()].filter((run) => run.session_id === id), limit));
      },
      runs: (_p, { limit }) => Promise.resolve(pageOf([...this.runs.values()], limit)),
      run: async (p, id) => await Promise.resolve(this.#run(p, id)),
      approvals: (_p, { limit }) => Promise.resolve(pageOf([...this.approvals.values()], limit)),
      approval: async (p, id) => await Promise.resolve(this.#approval(p, id)),
      events: () => Promise.reject(new Error("not used by the doors")),
      eventLines: async (p, id, { after = 0, limit }) => {
        this.#visible(p, id);
        const lines = this.log.lines(id).slice(after, after + limit);
        return await Promise.resolve({ lines, head_seq: this.log.head(id), next_after: after + lines.length });
      },
      blob: async (p, id, digest) => {
        this.#visible(p, id);
        if (digest !== DIGEST) throw new AppError("not_found", "Cannot find the blob");
        return await Promise.resolve({
          media_type: "text/html",
          bytes: new TextEncoder().encode("<script>1</script>"),
        });
      },
      files: async (p, id) => await Promise.resolve((this.#visible(p, id), [])),
      filesZip: async (p, id) => {
        this.#visible(p, id);
        return await Promise.resolve(new Blob(["PK"]).stream());
      },
      exportSession: async (p, id) => {
        this.#visible(p, id);
        return await Promise.resolve(new Blob([this.log.lines(id).join("\n")]).stream());
      },
      modes: () => Promise.resolve([]),
      pulse: () =>
        Promise.resolve({
          needs_you: this.approvals.size,
          running: 0,
          queued: 0,
          free_slots: 1,
          cost_today_usd: 0,
          by_status: {},
        }),
    };
  }

  #accounts(): Holdfast["accounts"] {
    const login = { cookie: COOKIE_VALUE, principal: ADMIN };
    return {
      administrator: ADMIN,
      byToken: (token) => Promise.resolve(token === ADMIN_TOKEN ? ADMIN : token === OTHER_TOKEN ? OTHER : null),
      byCookie: (value) => Promise.resolve(value === COOKIE_VALUE ? BY_COOKIE : null),
      login: (token) => Promise.resolve(token === ADMIN_TOKEN ? login : null),
      makeLink: () => Promise.resolve("link-secret"),
      peekLink: (secret) => Promise.resolve(this.links.has(secret)),
      useLink: (secret) => Promise.resolve(this.links.delete(secret) ? login : null),
      logout: () => Promise.resolve(this.end({ login: COOKIE_LOGIN })),
      tokens: (p, { limit }) => Promise.resolve(pageOf([tokenOf(p)], limit)),
      makeToken: async (p, wanted) => {
        this.#note("make_token", wanted, undefined);
        return await Promise.resolve({
          token: { ...tokenOf(p), label: wanted.label },
          secret: "made-token-0123456789",
        });
      },
      revokeToken: async (p, token_id) => {
        if (token_id !== tokenOf(p).token_id) throw new AppError("not_found", "Cannot find the token");
        return await Promise.resolve(this.end({ token_id }));
      },
      stands: (credential) => Promise.resolve(!this.ended.some((one) => endsWith(credential, one))),
      onEnded: (fn) => {
        this.#listeners.add(fn);
        return () => void this.#listeners.delete(fn);
      },
    };
  }
}

/** The digest of the only blob. */
export const DIGEST = "a".repeat(64);
const OK = { ok: true, detail: "fine" };
const AT = "2026-03-01T12:00:00.000Z";

function pageOf<T>(items: T[], limit: number): Page<T> {
  return { items: items.slice(0, limit), total: items.length, next_cursor: null };
}

function sessionOf(session_id: string, owner: UserPrincipal): Session {
  return {
    session_id,
    name: "A session",
    mode: "one-shot",
    status: "active",
    owner: { id: owner.id, name: owner.name },
    pinned: false,
    current_phase: null,
    current_step: null,
    progress: null,
    activity: null,
    pending_approvals: 0,
    cost: NO_COST,
    created_at: AT,
    updated_at: AT,
    last_active_at: AT,
    expires_at: null,
    head_seq: 0,
    version: 1,
    wait: { on: "task" },
    run_status: null,
    task_line: "",
  };
}

function tokenOf(p: UserPrincipal): Token {
  return {
    token_id: `token-of-${p.id}`,
    label: "laptop",
    user: { id: p.id, name: p.name },
    role: p.admin ? "admin" : "user",
    created_at: AT,
    expires_at: null,
    last_used_at: null,
    current: true,
  };
}

function detailOf(session: Session): SessionDetail {
  return {
    ...session,
    conversation_history: [],
    context_variables: {},
    plan_data: null,
    config: {},
    runs: [],
    grants: [],
    pending_approvals: [],
    context: { used_tokens: 0, limit_tokens: null },
    as_of_seq: 0,
  };
}

/** A run that waits in the queue. */
export function runOf(session_id: string, run_id: string): Run {
  return {
    run_id,
    session_id,
    task: "a task",
    mode: "one-shot",
    status: "queued",
    attempt: 0,
    created_at: AT,
    started_at: null,
    ended_at: null,
    cost: NO_COST,
  };
}

/** A pending approval. */
export function approvalOf(session_id: string, approval_id: string): Approval {
  return {
    approval_id,
    session_id,
    run_id: "r1",
    step_id: "s1",
    approval_type: "step_approval",
    action: "go on",
    description: "",
    context: null,
    allowed: ["approved", "rejected"],
    digest: DIGEST,
    status: "pending",
    resolution: null,
    result: null,
    resolved_by: null,
    created_at: AT,
    expires_at: AT,
    resolved_at: null,
    on_timeout: "reject",
  };
}
