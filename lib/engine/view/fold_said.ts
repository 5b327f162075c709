// Folds of what is said and made: messages, console lines, files, cost, warnings.
import type { EventEnvelope } from "../../model/event.ts";
import type { ViewDraft } from "./draft.ts";
import { type Folds, stepOf } from "./read.ts";
import { BOUNDS } from "./types.ts";

function message(
  draft: ViewDraft,
  event: EventEnvelope,
  said: { role: string; agent: string; content: string; thinking: boolean; step_id: string | null },
): void {
  draft.push("conversation", { seq: event.seq, timestamp: event.timestamp, ...said }, BOUNDS.conversation);
  draft.view.messages_total++;
}

/** An agent's finished message ends its stream. */
function endStream(draft: ViewDraft, agent: string): void {
  if (draft.view.streams.some((one) => one.agent === agent)) {
    draft.view.streams = draft.view.streams.filter((one) => one.agent !== agent);
  }
}

function file(created: boolean) {
  return (
    draft: ViewDraft,
    event: EventEnvelope,
    data: { file_path: string; file_type: string; size_bytes: number; step_id?: string | undefined },
  ) => {
    const now = {
      path: data.file_path,
      file_type: data.file_type,
      size_bytes: data.size_bytes,
      changed_at: event.timestamp,
      step_id: stepOf(data),
    };
    if (draft.patch("files", (one) => one.path === now.path, (one) => ({ ...one, ...now }))) return;
    draft.push("files", { ...now, created }, BOUNDS.files);
  };
}

/** Folds of what is said and made. */
export const SAID_FOLDS: Folds = {
  user_message: (draft, event, data) =>
    message(draft, event, { role: "user", agent: data.by, content: data.content, thinking: false, step_id: null }),
  agent_message: (draft, event, data) => {
    endStream(draft, data.agent);
    message(draft, event, {
      role: data.role,
      agent: data.agent,
      content: data.message,
      thinking: false,
      step_id: stepOf(data),
    });
  },
  agent_thinking: (draft, event, data) =>
    message(draft, event, {
      role: data.role,
      agent: data.agent,
      content: data.message,
      thinking: true,
      step_id: stepOf(data),
    }),
  agent_delta: (draft, _event, data) => {
    const add = (text: string) => (text + data.text).slice(-20_000);
    const known = draft.patch(
      "streams",
      (one) => one.message_id === data.message_id,
      (one) => ({ ...one, text: add(one.text) }),
    );
    if (!known) {
      draft.list("streams").push({
        message_id: data.message_id,
        agent: data.agent,
        text: add(""),
        step_id: stepOf(data),
      });
    }
  },
  output: (draft, event, data) => {
    draft.push("console", {
      seq: event.seq,
      at: event.timestamp,
      source: data.source,
      stream: data.stream,
      text: data.message,
      partial: data.partial === true,
      step_id: stepOf(data),
      attempt: data.attempt ?? null,
    }, BOUNDS.console);
    draft.view.console_total++;
  },
  file_created: file(true),
  file_updated: file(false),
  cost_update: (draft, _event, data) => {
    const { model, agent, input_tokens, output_tokens, cached_input_tokens, cost_usd } = data;
    draft.view.total_usd = data.total_cost_usd;
    const known = draft.patch("costs", (one) => one.model === model && one.agent === agent, (one) => ({
      ...one,
      input_tokens: one.input_tokens + input_tokens,
      output_tokens: one.output_tokens + output_tokens,
      cached_input_tokens: one.cached_input_tokens + cached_input_tokens,
      usd: one.usd + cost_usd,
      turns: one.turns + 1,
    }));
    if (known) return;
    draft.push(
      "costs",
      { model, agent, input_tokens, output_tokens, cached_input_tokens, usd: cost_usd, turns: 1 },
      200,
    );
  },
  warning: (draft, event, data) => {
    draft.push("notices", {
      seq: event.seq,
      at: event.timestamp,
      level: "warning",
      code: data.code,
      message: data.message,
      traceback: null,
    }, BOUNDS.notices);
  },
};
