// What a sandbox says, made into commands: its own events checked by schema, prints as output, in pieces that fit a commit.
//
//   S1. A line that does not fit is told as a warning in its own place: the place counts, so nothing is said twice.
import type { RunCommand, SaidItem } from "../../model/command.ts";
import { draft, EVENT_DATA, type EventDraft, type EventType } from "../../model/event.ts";
import type { JsonObject } from "../../model/json.ts";
import { utf8Length } from "../../model/utf8.ts";
import type { SaidFrameItem } from "../../protocol/sandbox.ts";

/** Events that workflows may say. */
const ALLOWED: ReadonlySet<EventType> = new Set([
  "phase_change",
  "plan_updated",
  "agent_message",
  "agent_thinking",
  "warning",
]);
/** Most bytes that the items of a command take in the log, and most items. */
const MAX_LOG_BYTES = 120_000;
const MAX_ITEMS = 200;
/** What a line of the log holds beside the run's id and what was said: its front, and the step that it stands in. */
const FRONT_BYTES = 500;

/** The commands of one frame of said lines, in order. */
export function sayCommands(run_id: string, items: readonly SaidFrameItem[]): Extract<RunCommand, { type: "say" }>[] {
  const commands: { type: "say"; items: SaidItem[] }[] = [];
  let bytes = 0;
  for (const item of items) {
    // A step that is skipped is told twice: as a step, and as a node of the graph.
    const lines = item.say.what === "skip" ? 2 : 1;
    const size = lines * (FRONT_BYTES + run_id.length + utf8Length(JSON.stringify(item)));
    let command = commands.at(-1);
    if (command === undefined || bytes + size > MAX_LOG_BYTES || command.items.length >= MAX_ITEMS) {
      command = { type: "say", items: [] };
      commands.push(command);
      bytes = 0;
    }
    command.items.push(saidItem(run_id, item));
    bytes += size;
  }
  return commands;
}

function saidItem(run_id: string, { scope, place, say }: SaidFrameItem): SaidItem {
  switch (say.what) {
    case "event":
      return { scope, place, say: { what: "event", draft: saidEvent(run_id, say.event_type, say.data) } };
    case "print": {
      const data = { message: say.message, stream: say.stream, source: "workflow" };
      return { scope, place, say: { what: "event", draft: draft("output", run_id, data) } };
    }
    case "memory":
      return { scope, place, say: { what: "memory", key: say.key, value: say.value } };
    case "skip":
      return { scope, place, say: { what: "skip", id: say.id, title: say.title, reason: say.reason } };
    default:
      return say satisfies never;
  }
}

function saidEvent(run_id: string, event_type: string, data: JsonObject): EventDraft {
  if (!isAllowed(event_type)) return misfit(run_id, event_type, "a workflow may not say it");
  const parsed = EVENT_DATA[event_type].safeParse({ ...DEFAULTS[event_type], ...data });
  if (!parsed.success) return misfit(run_id, event_type, parsed.error.issues[0]?.message ?? "it does not fit");
  return { event_type, run_id, data: parsed.data } as EventDraft;
}

/** What MARS's clients expect and authors may leave out. */
const DEFAULTS: Partial<Record<EventType, JsonObject>> = {
  plan_updated: { revision: 1, by: "workflow" },
  agent_message: { role: "assistant" },
  agent_thinking: { role: "assistant" },
};

const isAllowed = (event_type: string): event_type is EventType => ALLOWED.has(event_type as EventType);

function misfit(run_id: string, event_type: string, why: string): EventDraft {
  return draft("warning", run_id, { code: "bad_event", message: `Cannot say ${event_type.slice(0, 100)}: ${why}` });
}
