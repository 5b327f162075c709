// The ways in which tests break the service on purpose (HOLDFAST_FAULT=plant:…), each as small as the mistake would be.
//
// Without that setting each of these is one comparison and changes nothing.
import type { Decision, SessionState } from "../engine/state.ts";
import type { Command } from "../model/command.ts";
import { draft, type EventDraft } from "../model/event.ts";
import type { Json } from "../model/json.ts";
import type { Principal } from "../model/principal.ts";
import { planted } from "../store/fault_point.ts";

/** `skip_fence`: a sandbox is heard as if its fence were the one that stands. */
export function heardAs(principal: Principal, state: SessionState): Principal {
  if (principal.kind !== "run" || !planted("skip_fence")) return principal;
  return { ...principal, fence: state.head.fence };
}

/** `double_answer`: an answer that comes too late is taken all the same. */
export function answeredTwice(decision: Decision, state: SessionState, command: Command): Decision {
  if (!planted("double_answer") || command.type !== "resolve_approval") return decision;
  if (decision.ok || decision.code !== "already_resolved") return decision;
  const { approval_id, resolution, feedback } = command;
  const resolved_by = { id: "admin", name: "Administrator" };
  const approved = resolution !== "rejected";
  const received = draft("approval_received", null, { approval_id, approved, resolution, feedback, resolved_by });
  const current = decision.details?.current;
  const shown: Json = typeof current === "object" && current !== null && !Array.isArray(current)
    ? { ...current, resolution }
    : null;
  return { ok: true, state, events: [received], reply: shown };
}

/** `replay_emits`: what a replay says again of steps that were said to be done. */
export function saidAgain(state: SessionState): EventDraft[] {
  if (!planted("replay_emits")) return [];
  const done = [...state.scopes.values()].filter(({ kind, status }) => kind === "group" && status === "done");
  return done.map(({ step_id }) => {
    const message = "Its block ran.";
    return draft("agent_message", state.run?.run_id ?? null, {
      agent: "engineer",
      role: "assistant",
      message,
      step_id,
    });
  });
}
