// Sessions as lists and pages show them: summaries in memory, the detail from records and the folded view.
import { pendingApprovals } from "../../engine/open.ts";
import { presentApproval, presentRun, presentSession, presentSummary } from "../../engine/present.ts";
import type { EngineSettings, SessionState } from "../../engine/state.ts";
import type { SessionView } from "../../engine/view.ts";
import { may } from "../../engine/policy.ts";
import { AppError } from "../../model/error.ts";
import type { UserPrincipal } from "../../model/principal.ts";
import { ModelResult } from "../../protocol/sandbox.ts";
import type { Approval, HistoryMessage, Page, Session, SessionDetail } from "../../protocol/rest.ts";
import type { Store } from "../../store/store.ts";
import type { Queries } from "../holdfast.ts";
import { extrasOf, type LiveFacts } from "./extras.ts";
import type { Views } from "./views.ts";

/** What questions about sessions need. */
export interface SessionQueryParts {
  readonly store: Store;
  readonly settings: EngineSettings;
  readonly views: Views;
  readonly facts: LiveFacts;
}

/** Most messages and runs that a detail shows. */
const MESSAGES = 100;
const RUNS = 20;

/** The list of sessions that the principal may see. */
export async function listSessions(
  { store, facts }: SessionQueryParts,
  principal: UserPrincipal,
  filter: Parameters<Queries["sessions"]>[1],
): Promise<Page<Session>> {
  const found = await store.summaries.list(principal, filter);
  const positions = facts.positions();
  const items = found.items.map((summary) => {
    const position = positions.get(summary.session_id);
    return presentSummary(summary, position === undefined ? {} : { position });
  });
  return { items, total: found.total, next_cursor: found.next_cursor };
}

/** One row of the list. Throws AppError `not_found`. */
export async function readSummary(
  parts: SessionQueryParts,
  principal: UserPrincipal,
  session_id: string,
): Promise<Session> {
  const { store, facts, settings } = parts;
  const summary = store.summaries.get(session_id);
  if (summary !== null && store.summaries.sees(principal, session_id)) {
    return presentSummary(summary, extrasOf(facts, session_id));
  }
  // Not in memory yet, or too many sessions for it: the record says.
  const state = await visibleState(store, principal, session_id);
  return presentSession(state, settings, extrasOf(facts, session_id, state.run));
}

/** A session's state, for those who may see it. Throws AppError `not_found`. */
export async function visibleState(
  store: Pick<Store, "sessions">,
  principal: UserPrincipal,
  session_id: string,
): Promise<SessionState> {
  const state = await store.sessions.state(session_id);
  if (state.session !== null && may(principal, "read", state.session) === true) return state;
  throw new AppError("not_found", `Cannot find session "${session_id}": unknown, or not visible to you`);
}

/** Everything that a session's page shows. Throws AppError `not_found`. */
export async function readDetail(
  parts: SessionQueryParts,
  principal: UserPrincipal,
  session_id: string,
): Promise<SessionDetail> {
  const { store, settings, views, facts } = parts;
  await visibleState(store, principal, session_id);
  // The view first: what the records say more than it, its subscriber hears again.
  const { view, as_of_seq } = await views.read(session_id);
  const state = await visibleState(store, principal, session_id);
  const [runs, pending] = await Promise.all([
    store.runs.list(session_id, { limit: RUNS }),
    pendingOf(store, state),
  ]);
  const { pending_approvals: _count, ...session } = presentSession(
    state,
    settings,
    extrasOf(facts, session_id, state.run),
  );
  return {
    ...session,
    conversation_history: messagesOf(view).slice(-MESSAGES),
    context_variables: view.context,
    plan_data: view.plan?.plan ?? null,
    config: state.session?.config ?? {},
    grants: state.session?.grants ?? [],
    runs: runs.items.map((run) => presentRun(run, { cut: true })),
    pending_approvals: pending,
    context: contextOf(state, view),
    as_of_seq,
  };
}

async function pendingOf(store: Store, state: SessionState): Promise<Approval[]> {
  const rows = pendingApprovals(state);
  const asked = await Promise.all(rows.map((row) => store.approvals.get(row.session_id, row.approval_id)));
  return asked.filter((found) => found !== null).map(({ row, ask }) => presentApproval(row, ask));
}

/** The conversation of a view as the wire has it. */
export function messagesOf(view: SessionView): HistoryMessage[] {
  return view.conversation.map(({ role, agent, content, timestamp }) => ({ role, agent, content, timestamp }));
}

/** How full the context of the last model turn was. */
function contextOf(state: SessionState, view: SessionView): SessionDetail["context"] {
  const { last } = view.cost;
  const used_tokens = last === null ? 0 : last.input_tokens + last.output_tokens;
  let limit_tokens: number | null = null;
  let n = 0;
  for (const entry of state.entries.values()) {
    if (entry.kind !== "model" || entry.status !== "done" || entry.n < n) continue;
    const result = ModelResult.safeParse(entry.value);
    if (!result.success) continue;
    n = entry.n;
    limit_tokens = result.data.usage.limit_tokens;
  }
  return { used_tokens, limit_tokens };
}
