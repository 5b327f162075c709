// What must hold of a server that lives: asked over REST, compared with what people know.
//
//   K1. Every session that was acknowledged is there, in the list too; one whose deletion was acknowledged is not.
//   K2. Every line that anybody saw stands in the log at its seq, byte for byte, and the log keeps its own rules.
//   K3. An acknowledged answer is the answer. A final status never changes.
//   K4. Each session waits for exactly one thing, or for nothing at rest.
//   K5. No finished block runs again, and the marks keep their rules.
import { askOnce, type Target } from "./asking.ts";
import { cutObjects } from "./cut_objects.ts";
import { breachesOf, finishedBlocks, type Logged, parseLog, runStatus } from "./log_rules.ts";
import { begun, markBreaches, type MarkPlaces, readMarks } from "./marks.ts";
import type { Known, Memory } from "./memory.ts";

const FINAL = ["completed", "failed", "cancelled"];
const AT_REST = ["completed", "failed", "expired"];
const WAITS = ["run", "resume", "queue", "recovery", "approval", "message", "timer", "task"];

/** What checks need. */
export interface CheckParts extends MarkPlaces {
  readonly memory: Memory;
  readonly target: Target;
}

/** A GET that must be answered now. */
async function read(target: Target, path: string) {
  return await askOnce(target.url ?? "", target.token, { method: "GET", path });
}

/** Checks everything; what is wrong goes into the memory. */
export async function checkAll(parts: CheckParts): Promise<void> {
  await checkSessions(parts);
  for (const [where, what] of await listBreaches(parts)) parts.memory.breach(where, what);
}

/** Checks every session by itself. */
export async function checkSessions(parts: CheckParts): Promise<void> {
  const { memory } = parts;
  for (const known of [...memory.sessions.values()]) {
    const was = known.deleting;
    // Asked to be deleted, it may be there or not.
    if (was === "asked") continue;
    const found = await (was === "no" ? checkSession(parts, known) : checkGone(parts, known)).catch(unanswered);
    // Asked to be deleted while it was looked at: it proves nothing.
    if (known.deleting !== was) continue;
    for (const what of found) memory.breach(`session ${known.session_id} (${known.book.kind})`, what);
  }
}

/** A request that broke says nothing of the session; one that was answered wrongly does. */
function unanswered(error: unknown): string[] {
  if (error instanceof TypeError || error instanceof DOMException) throw error;
  return [String(error)];
}

async function checkGone({ target }: CheckParts, { session_id }: Known): Promise<string[]> {
  const { status, text } = await read(target, `/api/sessions/${session_id}`);
  return status === 404 ? [] : [`its deletion was acknowledged, and it answers ${status}: ${text.slice(0, 300)}`];
}

async function checkSession(parts: CheckParts, known: Known): Promise<string[]> {
  const { target } = parts;
  const seen = known.log.length;
  const ended = known.ended;
  const answers = [...known.answers];
  const said = [...known.said];
  const { status, json } = await read(target, `/api/sessions/${known.session_id}`);
  if (status !== 200) return [`was acknowledged, and answers ${status}`];
  const lines = await readLog(target, known.session_id);
  const log = parseLog(lines);
  const found = [...waitBreaches(json), ...breachesOf(known.session_id, log, known.book)];
  if (lines.length < seen) found.push(`has ${lines.length} lines, ${seen} were seen`);
  for (const [i, line] of lines.entries()) {
    const before = known.log[i];
    if (before !== undefined && before !== line) {
      found.push(`seq ${i + 1} was ${before.slice(0, 200)}, is ${line.slice(0, 200)}`);
    }
  }
  const now = runStatus(log);
  if (ended !== null && now !== ended) found.push(`its run was ${ended} and is now ${now}`);
  for (const [id, verb] of answers) found.push(...await checkAnswer(target, { id, verb, log }));
  for (const content of said) {
    const times = log.filter(({ event_type, data }) =>
      event_type === "user_message" && data["content"] === content
    ).length;
    if (times !== 1) found.push(`message "${content}" was received ${times} times`);
  }
  found.push(...await checkMarks(parts, known, log));
  return found;
}

/** Every line of a session, as the pages of its log hold them. */
export async function readLog(target: Target, session_id: string): Promise<string[]> {
  const lines: string[] = [];
  for (;;) {
    const { text, status } = await read(target, `/api/sessions/${session_id}/events?after=${lines.length}&limit=1000`);
    if (status !== 200) throw new Error(`events of ${session_id}: ${status} ${text.slice(0, 200)}`);
    const page = cutObjects(text.slice(`{"events":[`.length, text.lastIndexOf(`],"head_seq"`)));
    const head = Number(/"head_seq":(\d+),"next_after"/.exec(text.slice(-80))?.[1]);
    lines.push(...page);
    if (lines.length >= head) return lines;
    if (page.length === 0) throw new Error(`the log of ${session_id} ends at ${lines.length}, its head is ${head}`);
  }
}

async function checkAnswer(
  target: Target,
  of: { id: string; verb: string; log: readonly Logged[] },
): Promise<string[]> {
  const { id, verb, log } = of;
  const found: string[] = [];
  const { status, json } = await read(target, `/api/approvals/${id}`);
  if (status !== 200 || json["status"] !== "resolved" || json["resolution"] !== verb) {
    found.push(`approval ${id} was answered ${verb}, and is ${status} ${json["status"]} ${json["resolution"]}`);
  }
  const received = log.filter((one) => one.event_type === "approval_received" && one.data["approval_id"] === id);
  if (received.length !== 1) found.push(`approval ${id} was received ${received.length} times`);
  return found;
}

/** Breaches of the wait in a session as the server shows it. */
export function waitBreaches(session: Record<string, unknown>): string[] {
  const { status, session_id } = session;
  const wait = session["wait"] as { on?: unknown } | null | undefined;
  const found: string[] = [];
  if (wait === undefined) found.push(`${session_id} shows no wait at all`);
  else if (AT_REST.includes(String(status))) {
    if (wait !== null) found.push(`${session_id} is ${status} and waits for ${JSON.stringify(wait)}`);
  } else if (!WAITS.includes(String(wait?.on))) found.push(`${session_id} is ${status} and waits for nothing`);
  const run = session["run_status"];
  if (wait?.on === "task" && run !== null && !FINAL.includes(String(run))) {
    found.push(`${session_id} waits for a task, and its run is ${run}`);
  }
  return found;
}

async function checkMarks(parts: CheckParts, known: Known, log: readonly Logged[]): Promise<string[]> {
  const marks = await readMarks(parts, known);
  const found = markBreaches(marks, known.book, known.losses);
  for (const { name } of finishedBlocks(log, known.book)) {
    const times = begun(marks, name);
    const before = known.finished.get(name) ?? times;
    if (times === 0) found.push(`${name} is finished and never began`);
    if (times > before) found.push(`${name} was finished and began again: ${before} times, now ${times}`);
    known.finished.set(name, before);
  }
  return found;
}

/** What is wrong with the list: where, and what. */
export async function listBreaches({ target, memory }: CheckParts): Promise<[where: string, what: string][]> {
  const before = new Map([...memory.sessions.values()].map((known) => [known.session_id, known.deleting]));
  const { status, json } = await read(target, "/api/sessions?limit=200");
  if (status !== 200) return [["the list", `answers ${status}`]];
  const rows = json["sessions"] as Record<string, unknown>[];
  const found: string[] = [];
  for (const row of rows) {
    found.push(...waitBreaches(row));
    if (before.get(String(row["session_id"])) === "acknowledged") {
      found.push(`shows ${row["session_id"]}, which was deleted`);
    }
  }
  for (const [session_id, deleting] of before) {
    const times = rows.filter((row) => row["session_id"] === session_id).length;
    const still = memory.sessions.get(session_id)?.deleting === "no";
    if (deleting === "no" && still && times !== 1) found.push(`shows ${session_id} ${times} times`);
  }
  return found.map((what) => ["the list", what]);
}
