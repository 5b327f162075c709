// The state of a session's page: the folded view, kept live, and what a person can do to the session.
//
//   CS1. The view is folded by the same reducer as on the server, from the seq it was rendered at.
//   CS2. An act that the server refuses is said in words; nothing is shown as done before an event says so.
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { EMPTY_VIEW, fold, type SessionView } from "../engine/view.ts";
import type { FileView } from "../engine/view/types.ts";
import type { FileEntry, Session } from "../protocol/rest.ts";
import { ClientError, createApi } from "./api.ts";
import { clientClock } from "./clock.ts";
import { lastLive, lineState, pageLine } from "./line.ts";
import { refusalText } from "./refusal.ts";
import { allFiles } from "./session_files.ts";

/** What the server rendered. */
export interface SessionStart {
  session: Session;
  view: SessionView;
  now: number;
}
/** What can be done to a session from its page. */
export type Act = "pause" | "pause_now" | "resume" | "cancel" | "suspend" | "retry" | "delete" | "pin";
/** What the page shows and does. */
export interface SessionState {
  view: Signal<SessionView>;
  session: Signal<Session>;
  /** The record with what the view knows better: status, wait, name of the running thing. */
  shown: ReadonlySignal<Session>;
  now: Signal<number>;
  /** The time up to which what is shown is known: now, or when the line was last live. */
  known: ReadonlySignal<number>;
  viewers: Signal<{ id: string; name: string }[]>;
  /** What lies in the session's folder, as it was listed last. */
  listed: Signal<FileEntry[]>;
  files: ReadonlySignal<FileView[]>;
  /** The session was deleted while the page was open. */
  gone: Signal<boolean>;
  offline: ReadonlySignal<boolean>;
  doing: Signal<Act | null>;
  problem: Signal<string | null>;
  act(act: Act): Promise<void>;
  rename(name: string): Promise<void>;
  /** A new run that keeps what was finished before a step of the last one. */
  retryFrom(step_id: string): Promise<void>;
  startRun(task: string): Promise<boolean>;
  /** The standing answer that is being taken back. */
  taking: Signal<string | null>;
  takeBack(approval_id: string): Promise<void>;
}

/** Makes the state of the page. */
export function useSession(props: SessionStart): SessionState {
  const id = props.session.session_id;
  const view = useSignal(props.view);
  const session = useSignal(props.session);
  const listed = useSignal<FileEntry[]>([]);
  const now = useSignal(props.now);
  const offline = useComputed(() => lineState.value.state === "offline" || lineState.value.state === "refused");
  const state = {
    view,
    session,
    listed,
    files: useComputed(() => allFiles(view.value.files, listed.value)),
    shown: useComputed(() => shownSession(session.value, view.value)),
    now,
    known: useComputed(() => offline.value ? lastLive.value ?? now.value : now.value),
    viewers: useSignal<{ id: string; name: string }[]>([]),
    gone: useSignal(false),
    offline,
    doing: useSignal<Act | null>(null),
    problem: useSignal<string | null>(null),
    taking: useSignal<string | null>(null),
  };
  useEffect(() => follow(state, id, props.view.seq), []);
  return {
    ...state,
    act: (act) => attempt(state, act, () => perform(state, id, act)),
    rename: (name) => attempt(state, null, () => rename(state, id, name)),
    retryFrom: (step_id) => attempt(state, "retry", () => retry(state, { from_step: step_id })),
    takeBack: (approval_id) => takeBack(state, id, approval_id),
    startRun: async (task) => {
      await attempt(
        state,
        null,
        () => createApi({ base: location.origin }).startRun(id, { task, run_id: crypto.randomUUID() }),
      );
      return state.problem.peek() === null;
    },
  };
}
type Data = Omit<SessionState, "act" | "rename" | "retryFrom" | "startRun" | "takeBack">;

/** The record is read again after a moment; what the view has folded already is newer and shown at once. */
function shownSession(session: Session, view: SessionView): Session {
  return {
    ...session,
    name: view.name ?? session.name,
    status: view.status,
    wait: view.wait,
    progress: view.progress ?? session.progress,
    current_step: view.current_step,
    current_phase: view.current_phase,
    run_status: view.runs.at(-1)?.status ?? session.run_status,
    pending_approvals: view.pending.length,
  };
}

/** Reads the record again a moment after it was asked to: it holds what events do not carry. */
function rereader(state: Data, id: string): { ask(): void; cancel(): void } {
  const api = createApi({ base: location.origin });
  let cancel: (() => void) | null = null;
  const read = () => {
    cancel = null;
    void api.session(id).then(
      (
        {
          conversation_history: _h,
          context_variables: _c,
          plan_data: _p,
          config: _f,
          runs: _r,
          pending_approvals,
          context: _x,
          as_of_seq: _a,
          ...rest
        },
      ) => state.session.value = { ...rest, pending_approvals: pending_approvals.length },
      () => undefined,
    );
  };
  return { ask: () => void (cancel ??= clientClock.after(400, read)), cancel: () => cancel?.() };
}

/** Lists the folder again; where that fails, what was known stays. */
function listFiles(state: Data, id: string): void {
  void createApi({ base: location.origin }).files(id).then(({ files }) => state.listed.value = files, () => undefined);
}

/** Keeps the view live until the page goes; the record is read again when something moved that events do not carry. */
function follow(state: Data, id: string, after: number): () => void {
  const record = rereader(state, id);
  const leave = pageLine().subscribe(`session:${id}`, after, {
    events: (events) => {
      state.view.value = fold(state.view.peek(), events);
      if (events.some((event) => event.event_type !== "output" && event.event_type !== "agent_delta")) record.ask();
      if (events.some((event) => event.event_type === "complete")) listFiles(state, id);
    },
    frame: ({ event_type, data }) => {
      if (event_type === "reset") state.view.value = EMPTY_VIEW;
      if (event_type === "presence" && Array.isArray(data["viewers"])) {
        state.viewers.value = data["viewers"].flatMap((one) =>
          one !== null && typeof one === "object" && !Array.isArray(one)
            ? [{ id: `${one["id"]}`, name: `${one["name"]}` }]
            : []
        );
      }
      if (event_type === "remove" || (event_type === "error" && data["code"] === "not_found")) {
        record.cancel();
        state.gone.value = true;
      }
    },
  });
  listFiles(state, id);
  state.now.value = clientClock.now();
  const tick = setInterval(() => state.now.value = clientClock.now(), 1000);
  return () => {
    leave();
    clearInterval(tick);
    record.cancel();
  };
}

async function attempt(state: Data, act: Act | null, run: () => Promise<unknown>): Promise<void> {
  if (state.doing.peek() !== null) return;
  state.doing.value = act;
  state.problem.value = null;
  try {
    await run();
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    state.problem.value = refusalText(error);
  } finally {
    state.doing.value = null;
  }
}

/** Its event takes it off the list; a second click meanwhile says nothing. */
async function takeBack(state: Data, id: string, approval_id: string): Promise<void> {
  if (state.taking.peek() !== null) return;
  state.taking.value = approval_id;
  await attempt(state, null, () => createApi({ base: location.origin }).takeBack(id, approval_id));
  state.taking.value = null;
}

async function perform(state: Data, id: string, act: Act): Promise<unknown> {
  const api = createApi({ base: location.origin });
  const run_id = state.view.peek().runs.at(-1)?.run_id ?? "";
  switch (act) {
    case "pause":
      return await api.pauseRun(run_id);
    case "pause_now":
      return state.shown.peek().status === "suspended" ? await api.suspend(id, true) : await api.pauseRun(run_id, true);
    case "resume":
      return state.shown.peek().status === "active" ? await api.resumeRun(run_id) : await api.resume(id);
    case "cancel":
      return await api.cancel(run_id);
    case "suspend":
      return await api.suspend(id);
    case "retry":
      return await retry(state, {});
    case "delete":
      await api.deleteSession(id);
      return location.assign("/");
    case "pin": {
      const { pinned, version } = state.session.peek();
      return state.session.value = await api.patchSession(id, { pinned: !pinned, version });
    }
    default:
      return act satisfies never;
  }
}

async function rename(state: Data, id: string, name: string): Promise<void> {
  const { version } = state.session.peek();
  state.session.value = await createApi({ base: location.origin }).patchSession(id, { name, version });
}

function retry(state: Data, body: { from_step?: string }): Promise<unknown> {
  const run_id = state.view.peek().runs.at(-1)?.run_id ?? "";
  return createApi({ base: location.origin }).retry(run_id, body);
}
