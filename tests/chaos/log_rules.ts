// What must be true of a session's log, whatever was killed while it was written. Pure: lines in, breaches out.
//
//   R1. seq is gapless from 1; every line is of this session.
//   R2. What happens once stands once: start, end, each step's completion, each approval's question and answer, each text.
//   R3. Of each attempt of a block the lines are there in order from 0, none missing, none twice; all of them when the
//       block has finished; and none of an attempt that was over because the next one had begun.
//   R4. What a model says, delta by delta, is the beginning of what it was asked to say; each turn for itself.
//       Nor of one that began before the sandbox was started anew.
//   R5. Nothing of a run follows its end; a status follows from the one before it.
import type { Block } from "./blocks.ts";
import type { Book } from "./books.ts";
import { spoken } from "./speaker.ts";

/** An event of a log. */
export interface Logged {
  readonly seq: number;
  readonly event_type: string;
  readonly run_id: string | null;
  readonly session_id: string;
  readonly data: Record<string, unknown>;
}

/** Reads lines. */
export function parseLog(lines: readonly string[]): Logged[] {
  return lines.map((line) => JSON.parse(line) as Logged);
}

/** Breaches of the rules in a log. */
export function breachesOf(session_id: string, log: readonly Logged[], book: Book): string[] {
  return [...order(session_id, log), ...once(log), ...blockLines(log, book), ...words(log, book), ...statuses(log)];
}

function order(session_id: string, log: readonly Logged[]): string[] {
  const found: string[] = [];
  for (const [i, event] of log.entries()) {
    if (event.seq !== i + 1) return [`seq ${event.seq} stands where ${i + 1} should`];
    if (event.session_id !== session_id) found.push(`seq ${event.seq} is of session ${event.session_id}`);
  }
  return found;
}

/** By what an event that happens once is known; null for those that may come again. */
function identity({ event_type, run_id, data }: Logged): string | null {
  switch (event_type) {
    case "workflow_started":
    case "complete":
    case "result":
    case "dag_created":
      return `${event_type} of run ${run_id}`;
    case "step_started":
    case "step_completed":
    case "step_failed":
      return `${event_type} ${data["step_id"]} ${data["attempt"]}`;
    case "approval_requested":
    case "approval_received":
    case "approval_expired":
    case "approval_cancelled":
      return `${event_type} ${data["approval_id"]}`;
    case "agent_message":
      // What a model says belongs to its leaf: cut off before its end is durable, the next attempt says it anew.
      return `${event_type} ${data["step_id"]} ${data["message_id"] ?? data["message"]}`;
    case "user_message":
      return `${event_type} ${data["message_id"]}`;
    case "phase_change":
      return `${event_type} ${data["phase"]} ${data["step"]}`;
    default:
      return null;
  }
}

function once(log: readonly Logged[]): string[] {
  const seen = new Map<string, number>();
  const found: string[] = [];
  for (const event of log) {
    const id = identity(event);
    if (id === null) continue;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, event.seq);
    else found.push(`seq ${event.seq} says again what seq ${first} says: ${id.slice(0, 120)}`);
  }
  return found;
}

/** The lines of one attempt of a block, as the log has them. */
export interface Attempt {
  readonly block: string;
  readonly id: string;
  /** Lines so far. */
  readonly lines: number;
}

/** The attempts of blocks that a log shows, and breaches in the order of their lines. */
export function attemptsOf(log: readonly Logged[]): { attempts: Attempt[]; breaches: string[] } {
  const next = new Map<string, number>();
  /** Of each block the attempt that began last. */
  const current = new Map<string, string>();
  const breaches: string[] = [];
  for (const { seq, event_type, data } of log) {
    if (event_type === "workflow_resumed") { for (const block of current.keys()) current.set(block, ""); }
    if (event_type !== "output") continue;
    const [, block, id, n] = /^([A-Z][a-z]+) ([0-9a-f]{8}) (\d+)\b/.exec(String(data["message"])) ?? [];
    if (n === undefined) continue;
    const key = `${block} ${id}`;
    const expected = next.get(key) ?? 0;
    if (!next.has(key) && id !== undefined) current.set(block ?? "", id);
    if (current.get(block ?? "") !== id) breaches.push(`seq ${seq} is of attempt ${id} of ${block}, which was over`);
    if (Number(n) !== expected) breaches.push(`seq ${seq} is line ${n} of ${key}, expected ${expected}`);
    next.set(key, Number(n) + 1);
  }
  const attempts = [...next].map(([key, lines]) => ({
    block: key.split(" ")[0] ?? "",
    id: key.split(" ")[1] ?? "",
    lines,
  }));
  return { attempts, breaches };
}

function blockLines(log: readonly Logged[], book: Book): string[] {
  const { attempts, breaches } = attemptsOf(log);
  for (const block of finishedBlocks(log, book)) {
    const last = attempts.findLast((one) => one.block === block.name);
    if ((last?.lines ?? 0) !== block.lines) {
      breaches.push(
        `step ${block.step} is completed with ${last?.lines ?? 0} of ${block.lines} lines of ${block.name}`,
      );
    }
  }
  return breaches;
}

function words(log: readonly Logged[], book: Book): string[] {
  const said = new Map<string, string>();
  const whole = new Map<string, unknown>();
  for (const { event_type, data } of log) {
    const id = String(data["message_id"]);
    if (event_type === "agent_delta") said.set(id, `${said.get(id) ?? ""}${data["text"]}`);
    if (event_type === "agent_message") whole.set(id, data["message"]);
  }
  const asked = book.says?.map(spoken);
  const begins = (text: string, full: unknown) => typeof full !== "string" || full.startsWith(text);
  return [...said].filter(([id, text]) =>
    !begins(text, whole.get(id)) || asked?.some((full) => begins(text, full)) === false
  ).map(([id, text]) => `message ${id} is missing words: ${text.slice(0, 200)}`);
}

/** The blocks whose steps the log calls completed. */
export function finishedBlocks(log: readonly Logged[], book: Book): Block[] {
  const completed = new Set(log.filter((one) => one.event_type === "step_completed").map(({ data }) => data["name"]));
  return book.blocks.filter((block) => completed.has(block.step));
}

function statuses(log: readonly Logged[]): string[] {
  const found: string[] = [];
  let last: unknown = null;
  let over = false;
  for (const { seq, event_type, run_id, data } of log) {
    if (over && run_id !== null) found.push(`seq ${seq} (${event_type}) follows the end of its run`);
    if (event_type === "complete") over = true;
    if (event_type !== "workflow_state_changed" || data["subject"] !== "run") continue;
    if (data["previous"] !== last) found.push(`seq ${seq} says previous ${data["previous"]}, it was ${last}`);
    last = data["status"];
  }
  return found;
}

/** The last status of the run that a log tells; null before the first. */
export function runStatus(log: readonly Logged[]): string | null {
  const last = log.findLast((one) => one.event_type === "workflow_state_changed" && one.data["subject"] === "run");
  return last === undefined ? null : String(last.data["status"]);
}
