// The app's voice: names of modes and statuses, waits and ages in words. Plain, short, exact.
//
// Owns texts and the choice of icon; pure, `now` is an argument. Status is always colour, icon and word.
import type { Session } from "../protocol/rest.ts";
import type { IconName } from "./icon_paths.ts";

/** How a mode is shown: label, icon and hue. */
export interface ModeLook {
  label: string;
  icon: IconName;
  hue: number;
}
const MODES: Record<string, ModeLook> = {
  "one-shot": { label: "One-shot", icon: "zap", hue: 205 },
  "planning-control": { label: "Plan and control", icon: "list-checks", hue: 250 },
  "hitl-interactive": { label: "Step by step", icon: "user-check", hue: 350 },
  "copilot": { label: "Copilot", icon: "messages-square", hue: 178 },
  "idea-generation": { label: "Ideas", icon: "lightbulb", hue: 118 },
  "ocr": { label: "OCR", icon: "scan-text", hue: 300 },
  "arxiv": { label: "arXiv", icon: "book-down", hue: 228 },
  "enhance-input": { label: "Enrich input", icon: "file-plus-2", hue: 148 },
};
/** The look of a mode; the label of one that is not built in is its id in words: `nightly-report`, Nightly report. */
export const modeLook = (mode: string): ModeLook =>
  (Object.hasOwn(MODES, mode) ? MODES[mode] : undefined) ?? { label: inWords(mode), icon: "braces", hue: 235 };

function inWords(id: string): string {
  const words = id.replace(/[-_]+/g, " ").trim();
  return words.slice(0, 1).toUpperCase() + words.slice(1);
}

/** A status as people see it. */
export type Look =
  | "needs"
  | "running"
  | "retrying"
  | "recovering"
  | "queued"
  | "idle"
  | "ready"
  | "paused"
  | "suspended"
  | "completed"
  | "failed"
  | "cancelled"
  | "expired"
  | "planned"
  | "skipped"
  | "reused";
/** Word and icon of each status. */
export const LOOKS: Record<Look, { word: string; icon: IconName }> = {
  needs: { word: "Needs you", icon: "hand" },
  running: { word: "Running", icon: "circle-dot-dashed" },
  retrying: { word: "Retrying", icon: "rotate-cw" },
  recovering: { word: "Recovering", icon: "life-buoy" },
  queued: { word: "Queued", icon: "hourglass" },
  idle: { word: "Idle", icon: "message-circle" },
  ready: { word: "Ready", icon: "circle-play" },
  paused: { word: "Paused", icon: "circle-pause" },
  suspended: { word: "Suspended", icon: "moon" },
  completed: { word: "Completed", icon: "circle-check" },
  failed: { word: "Failed", icon: "circle-x" },
  cancelled: { word: "Cancelled", icon: "circle-slash" },
  expired: { word: "Expired", icon: "timer-off" },
  planned: { word: "Planned", icon: "circle-dashed" },
  skipped: { word: "Skipped", icon: "circle-minus" },
  reused: { word: "Reused", icon: "copy-check" },
};

type Shown = Pick<
  Session,
  "status" | "wait" | "run_status" | "pending_approvals" | "activity" | "current_step" | "current_phase" | "progress"
>;

/** The status of a session as people see it. */
export function lookOf(session: Shown): Look {
  const on = session.wait?.on;
  switch (on) {
    case "approval":
      return "needs";
    case "run":
      return session.pending_approvals > 0 ? "needs" : "running";
    case "queue":
      return "queued";
    case "recovery":
      return "recovering";
    case "message":
      return "idle";
    case "timer":
      return "queued";
    case "resume":
      return session.status === "suspended" ? "suspended" : "paused";
    case "task":
      return session.run_status === "cancelled" ? "cancelled" : "ready";
    case undefined:
      return session.status === "active" || session.status === "suspended" ? "ready" : session.status;
    default:
      return on satisfies never;
  }
}

/** What a session at rest says under its name; the others always wait for something. */
const AT_REST: Readonly<Record<Session["status"], string>> = {
  active: "",
  suspended: "",
  completed: "Finished",
  failed: "Failed",
  expired: "Put away after a long rest; resume to go on",
};

/** What was asked of a run that still executes. */
const ASKED = {
  none: "",
  suspend: "Is being suspended; ends what is at work: ",
  pause: "Pauses after this step: ",
  cancel: "Is being stopped: ",
} as const;

/** What a session does or waits for, in one line under its name. */
export function reasonOf(session: Shown, now: number): string {
  const wait = session.wait;
  const begun = Date.parse(wait?.since ?? "");
  const since = Number.isNaN(begun) ? "" : `, ${age(now - begun)}`;
  const on = wait?.on;
  switch (on) {
    case "approval":
      return `Waits for your answer${(wait?.count ?? 1) > 1 ? ` to ${wait?.count} questions` : ""}${since}`;
    case "run":
      return `${ASKED[session.status === "suspended" ? "suspend" : wait?.asked ?? "none"]}${runningOn(session)}`;
    case "queue":
      return `Waits in the queue${wait?.position === undefined ? "" : `, ${ordinal(wait.position)}`}${since}`;
    case "recovery":
      return "The server restarted; takes over by itself";
    case "message":
      return `Waits for your next message${since}`;
    case "timer":
      return wait?.until === undefined ? "Waits for its time" : `Waits until ${clock(wait.until)}`;
    case "resume":
      return session.status === "suspended" ? "Suspended; nothing runs, resume when you like" : `Paused${since}`;
    case "task":
      return session.run_status === "cancelled" ? "Stopped. Its files stay." : "Ready, no task yet";
    case undefined:
      return session.activity ?? AT_REST[session.status];
    default:
      return on satisfies never;
  }
}

/** What runs: "Step 2 of 5, Clean it: runs code". */
function runningOn({ activity, current_step, current_phase, progress }: Shown): string {
  if (current_step === null) return activity ?? "Running";
  const { done = 0, total = 0 } = progress ?? {};
  const place = done < total && current_phase !== "planning" ? `Step ${done + 1} of ${total}, ` : "";
  const doing = activity === null ? "" : `: ${activity.charAt(0).toLowerCase()}${activity.slice(1)}`;
  return `${place}${current_step}${doing}`;
}

const ordinal = (n: number): string =>
  `${n}${n % 100 > 3 && n % 100 < 21 ? "th" : ["th", "st", "nd", "rd"][n % 10] ?? "th"}`;

/** A time span in words: "now", "8 s", "3 min", "2 h", "5 d". */
export function age(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1000));
  const min = Math.round(s / 60), h = Math.round(s / 3600);
  if (s < 2) return "now";
  if (s < 60) return `${s} s`;
  if (min < 60) return `${min} min`;
  return h < 24 ? `${h} h` : `${Math.round(s / 86_400)} d`;
}

/** How long ago something was: "just now", "3 min ago". */
export function ago(ms: number): string {
  const span = age(ms);
  return span === "now" ? "just now" : `${span} ago`;
}

/** A duration with two units: "0.4 s", "19 s", "2 m 8 s", "1 h 3 m". */
export function took(ms: number): string {
  const s = Math.round(ms / 1000);
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} m ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} m`;
}

/** Clock time of an RFC 3339 time in a zone, or that of whoever renders it; what is no time stays as it is. */
export function clock(time: string, zone?: string): string {
  if (Number.isNaN(Date.parse(time))) return time;
  return new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(new Date(time));
}

/** Minutes, seconds and thousandths of a time as whoever reads it counts them: "18:04.112". */
export function clockMs(time: string, zone?: string): string {
  const at = new Date(time);
  if (Number.isNaN(at.getTime())) return time;
  // Thousands of lines are told at once, and a formatter for each would be slow.
  const minutes = zone === undefined
    ? [at.getMinutes(), at.getSeconds()].map((n) => `${n}`.padStart(2, "0")).join(":")
    : clock(time, zone).slice(3);
  return `${minutes}.${at.toISOString().slice(20, 23)}`;
}

/** Day and clock time in a zone, or that of whoever renders it: "25 Nov 2026, 07:15". */
export function moment(time: string, zone?: string): string {
  if (Number.isNaN(Date.parse(time))) return time;
  return new Intl.DateTimeFormat("en-GB", {
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    ...(zone === undefined ? {} : { timeZone: zone }),
  }).format(new Date(time));
}

/** A number with its thousands set apart: "1,284". */
export const count = (n: number): string => `${n}`.replace(/\B(?=(\d{3})+$)/g, ",");

/** What happens when nobody answers: "No answer within 6 d: rejected". */
export function outcome(expires_at: string, on_timeout: "reject" | "approve" | "fail", now: number): string {
  const then = { reject: "rejected", approve: "approved", fail: "the task fails" }[on_timeout];
  const left = Date.parse(expires_at) - now;
  return left > 0 ? `No answer within ${age(Math.max(2000, left))}: ${then}` : `The time is up: ${then}`;
}

/** Money: "$0.14"; below a cent "$0.0042". */
export function money(usd: number): string {
  if (usd > 0 && usd < 0.00005) return "<$0.0001";
  return `$${usd > 0 && usd < 0.00995 ? usd.toFixed(4) : usd.toFixed(2)}`;
}

/** A size: "412 B", "1.7 kB", "3.2 MB", "1.0 GB". */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  if (bytes < 999_950) return `${(bytes / 1e3).toFixed(1)} kB`;
  return bytes < 999_950_000 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

/** Initials of a name: "Administrator" is "AD", "Operator 2" is "O2". */
export function initials(name: string): string {
  const words = name.split(/\s+/).filter((word) => word !== "").map((word) => [...word]);
  const [first = ["?"], second] = words;
  return (second === undefined ? first.slice(0, 2) : [first[0], second[0]]).join("").toUpperCase();
}
const ENDED: Readonly<Record<string, string>> = {
  approved: "approved",
  approved_session: "approved for this session",
  modified: "approved with changes",
  rejected: "rejected",
  rejected_always: "never in this session",
  answered: "answered",
  retry: "try again",
  skip: "skipped",
  abort: "stopped",
};

/** How a question ended: "Answered by Operator 2: approved". */
export function endingOf(
  ask: { status: string; resolution: string | null; resolved_by: { name: string } | "timeout" | null },
): string {
  const what = ask.resolution === null ? "" : `: ${ENDED[ask.resolution] ?? ask.resolution}`;
  if (ask.status === "cancelled") return "No longer asked: the run is over or has moved on";
  if (ask.status === "expired") return `Nobody answered in time${what || ": the task fails"}`;
  const { resolved_by } = ask;
  return `Answered${resolved_by === null || resolved_by === "timeout" ? "" : ` by ${resolved_by.name}`}${what}`;
}

/** What each kind of approval is called, and its icon. */
export const KINDS: Record<string, { label: string; icon: IconName }> = {
  plan_approval: { label: "Plan", icon: "list-checks" },
  step_approval: { label: "Step", icon: "hand" },
  tool_call: { label: "Tool call", icon: "wrench" },
  error_recovery: { label: "Error recovery", icon: "life-buoy" },
  permission: { label: "Permission", icon: "lock" },
  input: { label: "Question", icon: "message-circle-question-mark" },
};
