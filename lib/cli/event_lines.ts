// One event as a line for a terminal, or nothing where it says nothing to a person.
import type { EventEnvelope } from "../model/event.ts";
import type { JsonObject } from "../model/json.ts";
import { harmless, type Paint } from "./terminal.ts";

type Writer = (data: JsonObject, paint: Paint) => string | null;
/** A field as text: what is no text is shown as JSON, of what lies in a blob the beginning. */
const text = (data: JsonObject, key: string): string => {
  const value = data[key];
  if (typeof value === "string") return harmless(value);
  if (value === undefined || value === null) return "";
  const preview = typeof value === "object" && !Array.isArray(value) ? value["preview"] : undefined;
  return harmless(typeof preview === "string" ? `${preview} …` : JSON.stringify(value));
};
const took = (data: JsonObject): string => {
  const ms = data["duration_ms"];
  return typeof ms === "number" ? ` ${(ms / 1000).toFixed(1)} s` : "";
};
const step = (sign: string, colour: Parameters<Paint>[0]): Writer => (data, paint) => {
  const why = text(data, "error") || text(data, "reason");
  return `${paint(colour, sign)} ${paint("bold", text(data, "name"))}${paint("dim", took(data))}${
    why ? `  ${why}` : ""
  }`;
};
const agent: Writer = (data, paint) => `${paint("cyan", text(data, "agent"))}  ${text(data, "message")}`;

/** What each event says; types that are not here say nothing on a terminal. */
const LINES: ReadonlyMap<string, Writer> = new Map(Object.entries<Writer>({
  workflow_started: (data, paint) => paint("dim", `started, model ${text(data, "model")}`),
  workflow_resumed: (data, paint) =>
    paint("dim", `goes on (${text(data, "reason")}), ${text(data, "reused_steps")} steps kept`),
  workflow_paused: (data, paint) => paint("yellow", text(data, "message")),
  workflow_cancelled: (data, paint) => paint("yellow", text(data, "message")),
  phase_change: (data, paint) => paint("blue", `── ${text(data, "phase")}`),
  plan_updated: (data, paint) => plan(data, paint),
  step_started: step("○", "blue"),
  step_restarted: step("↻", "blue"),
  step_completed: step("✓", "green"),
  step_failed: step("✗", "red"),
  step_skipped: step("–", "dim"),
  step_retry_backoff: (data, paint) =>
    paint("yellow", `attempt ${text(data, "attempt_number")} failed, next in ${text(data, "backoff_seconds")} s`),
  output: (data, paint) =>
    `${paint("dim", "│")} ${data["stream"] === "stderr" ? paint("red", text(data, "message")) : text(data, "message")}`,
  agent_message: agent,
  agent_thinking: agent,
  user_message: (data, paint) => `${paint("cyan", text(data, "by"))}  ${text(data, "content")}`,
  approval_requested: (data, paint) => paint("yellow", `? ${text(data, "action")}`),
  approval_received: (data, paint) => {
    const by = data["resolved_by"];
    const name = by !== null && typeof by === "object" && !Array.isArray(by) ? ` by ${text(by, "name")}` : "";
    const said = text(data, "resolution").replace("rejected_always", "never in this session");
    return paint(
      "dim",
      `${said.replace("approved_session", "approved for this session")}${name}${
        data["feedback"] ? `: ${text(data, "feedback")}` : ""
      }`,
    );
  },
  approval_expired: (_data, paint) => paint("yellow", "nobody answered in time"),
  session_updated: (data, paint) => {
    const back = data["taken_back"];
    if (back === null || typeof back !== "object" || Array.isArray(back)) return null;
    return paint("dim", `${text(back, "by")} took back: ${text(back, "text")}`);
  },
  file_created: (data, paint) => `${paint("green", "+")} ${text(data, "file_path")} ${paint("dim", size(data))}`,
  file_updated: (data, paint) => `${paint("blue", "~")} ${text(data, "file_path")} ${paint("dim", size(data))}`,
  warning: (data, paint) => paint("yellow", `warning: ${text(data, "message")}`),
  error: (data, paint) => paint("red", `${text(data, "error_type")}: ${text(data, "message")}`),
  cancel_progress: (data, paint) => paint("yellow", `cancel: ${text(data, "stage")}`),
  complete: (data, paint) =>
    paint(data["status"] === "success" ? "green" : "red", `${text(data, "status")}${took(data)}`),
}));

function size(data: JsonObject): string {
  const bytes = data["size_bytes"];
  if (typeof bytes !== "number") return "";
  return bytes < 1000
    ? `${bytes} B`
    : bytes < 1e6
    ? `${(bytes / 1e3).toFixed(1)} kB`
    : `${(bytes / 1e6).toFixed(1)} MB`;
}

/** The plan as numbered lines. */
function plan(data: JsonObject, paint: Paint): string | null {
  const value = data["plan"];
  const steps = value !== null && typeof value === "object" && !Array.isArray(value) ? value["steps"] : undefined;
  if (!Array.isArray(steps)) return null;
  const lines = steps.map((one, i) => {
    const record: JsonObject = one !== null && typeof one === "object" && !Array.isArray(one) ? one : {};
    return `  ${paint("bold", `${i + 1}`)} ${text(record, "title")} ${paint("dim", text(record, "agent"))}`;
  });
  return [`Plan, revision ${text(data, "revision")}`, ...lines].join("\n");
}

/** One event as text for a terminal; null where it says nothing to a person. */
export function eventLine(event: EventEnvelope, paint: Paint): string | null {
  return LINES.get(event.event_type)?.(event.data, paint) ?? null;
}
