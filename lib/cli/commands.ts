// The commands that ask or tell one thing: sessions, approvals, cancel, retry.
import type { Api } from "../client/api.ts";
import { sumEditOf } from "../client/sum_edit.ts";
import type { Json } from "../model/json.ts";
import type { Session } from "../protocol/rest.ts";
import { sendAnswer, showApproval, subjectOf, verbOf } from "./answer.ts";
import type { Approval } from "../protocol/rest.ts";
import type { Line } from "./grammar.ts";
import { settings } from "./run_command.ts";
import { err, EXIT, Exit, harmless, out, painter, table } from "./terminal.ts";

const print = (value: unknown) => out(JSON.stringify(value));

/** What a session does or waits for, in words. */
function doing(session: Session): string {
  if (session.pending_approvals > 0) return "needs you";
  const on = session.wait?.on;
  if (on === undefined) return session.status;
  return {
    run: "running",
    resume: "paused",
    queue: "in the queue",
    recovery: "recovering",
    approval: "needs you",
    message: "waits for a message",
    timer: "waits for a time",
    task: "ready",
  }[on];
}

/** `sessions list`. */
export async function listSessions(line: Line<"sessions list">, api: Api): Promise<number> {
  const filter = {
    limit: line.limit,
    ...(line.status ? { status: line.status } : {}),
    ...(line.q ? { q: line.q } : {}),
  };
  const page = await api.sessions(filter);
  if (line.json) print(page);
  else if (page.sessions.length === 0) out("No sessions. Start one: deno task cli run TASK");
  else {
    const rows = page.sessions.map((
      s,
    ) => [s.session_id, doing(s), s.mode, s.updated_at.slice(0, 16).replace("T", " "), harmless(s.name)]);
    for (const row of table([["SESSION", "STATUS", "MODE", "UPDATED", "NAME"], ...rows])) out(row);
    if (page.next_cursor !== null) out(`${page.total ?? "more"} in all; --limit shows more`);
  }
  return EXIT.done;
}

/** `sessions show`. */
export async function showSession(line: Line<"sessions show">, api: Api): Promise<number> {
  const session = await api.session(line.id);
  if (line.json) return print(session), EXIT.done;
  out(harmless(session.name));
  const rows = [
    ["status", session.status],
    ["waits for", session.wait?.on ?? "nothing"],
    ["mode", session.mode],
    ["cost", `$${session.cost.usd.toFixed(2)}`],
    ["seq", `${session.head_seq}`],
    ...session.runs.map((
      run,
    ) => ["run", `${run.run_id}  ${run.status}${run.error ? `  ${harmless(run.error.message)}` : ""}`]),
    ...session.pending_approvals.map((
      approval,
    ) => ["needs you", `${approval.approval_id}  ${harmless(approval.action)}`]),
  ];
  for (const row of table(rows.map(([key, value]) => [`  ${key}`, value ?? ""]))) out(row);
  return EXIT.done;
}

/** `sessions grants`: the standing answers, each with the id by which it is taken back. */
export async function listGrants(line: Line<"sessions grants">, api: Api): Promise<number> {
  const { grants } = await api.grants(line.id);
  if (line.json) return print(grants), EXIT.done;
  if (grants.length === 0) return out("No standing answers: each question is asked."), EXIT.done;
  const rows = grants.map((one) => [
    one.approval_id ?? "-",
    one.allowed ? "allowed" : "never",
    one.at.slice(0, 16).replace("T", " "),
    harmless(one.by),
    harmless(one.text),
  ]);
  for (const row of table([["ANSWER", "SAID", "SINCE", "BY", "ASKED"], ...rows])) out(row);
  return EXIT.done;
}

/** `sessions take-back`: a standing answer is asked for again; repeating is harmless. */
export async function takeBack(line: Line<"sessions take-back">, api: Api): Promise<number> {
  await api.takeBack(line.id, line.answer);
  if (line.json) print({ session_id: line.id, approval_id: line.answer, taken_back: true });
  else out("Taken back; the next step that wants it asks again");
  return EXIT.done;
}

/** `sessions suspend|resume|delete`: one or several; what could not be done is named and ends with 3. */
export async function changeSessions(
  line: Line<"sessions suspend"> | Line<"sessions resume"> | Line<"sessions delete">,
  api: Api,
): Promise<number> {
  const { ids } = line;
  if (line.do === "sessions delete" && !line.yes) {
    const what = ids.length === 1
      ? `session ${ids[0]} with its log and files`
      : `${ids.length} sessions with their logs and files`;
    if (!confirm(`Delete ${what}?`)) {
      err("Not deleted. --yes deletes without asking.");
      return EXIT.needs_person;
    }
  }
  const action = { "sessions suspend": "suspend", "sessions resume": "resume", "sessions delete": "delete" } as const;
  const now = line.do === "sessions suspend" && line.now;
  const { results } = await api.bulk({ ids: [...ids], action: action[line.do], ...(now ? { now } : {}) });
  if (line.json) print(results);
  for (const { session_id, ok, message } of results) {
    const text = `${ids.length === 1 ? "" : `${session_id}  `}${harmless(message)}`;
    if (!ok) err(text);
    else if (!line.json) out(text);
  }
  return results.every((one) => one.ok) ? EXIT.done : EXIT.needs_person;
}

/** `sessions export`. */
export async function exportSession(line: Line<"sessions export">, api: Api): Promise<number> {
  await write(await api.exportSession(line.id));
  return EXIT.done;
}

/** Passes an answer on to stdout; one that breaks off is said, for what was written is not all of it. */
async function write(response: Response): Promise<void> {
  try {
    await response.body?.pipeTo(Deno.stdout.writable, { preventClose: true });
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return;
    throw new Exit(EXIT.unreachable, `The export broke off: ${error instanceof Error ? error.message : error}`);
  }
}

/** `approvals list`. */
export async function listApprovals(line: Line<"approvals list">, api: Api): Promise<number> {
  const { approvals } = await api.approvals({ status: "pending" });
  if (line.json) return print(approvals), EXIT.done;
  if (approvals.length === 0) out("Nothing needs you.");
  for (const approval of approvals) {
    showApproval(approval, painter(false));
    out(`  session ${approval.session_id}`);
  }
  return EXIT.done;
}

type AnswerLine = Line<"approvals approve"> | Line<"approvals reject"> | Line<"approvals edit">;

/** `approvals approve|reject|edit`. */
export async function answerApproval(line: AnswerLine, api: Api): Promise<number> {
  const whole = line.do === "approvals edit" ? await edited(line) : undefined;
  const approval = await api.approval(line.id);
  const modifications = line.do === "approvals edit" ? withFields(approval, line, whole) : undefined;
  const resolution = wordedVerb(line, approval);
  const done = await sendAnswer(api, approval, {
    resolution,
    ...(line.feedback === undefined ? {} : { feedback: line.feedback }),
    ...(modifications === undefined ? {} : { modifications }),
  });
  const after = await api.approval(line.id);
  if (line.json) print(after);
  else if (done) out(`${after.status}${after.resolution === null ? "" : `: ${after.resolution}`}`);
  return done && after.resolution === resolution ? EXIT.done : EXIT.needs_person;
}

/** The verb that a line means for an approval. */
function wordedVerb(line: AnswerLine, approval: Approval): string {
  switch (line.do) {
    case "approvals approve":
      return line.as ?? (line.session ? "approved_session" : verbOf("approve", approval));
    case "approvals reject":
      return line.as ?? (line.always ? "rejected_always" : verbOf("reject", approval));
    case "approvals edit":
      // A sum is typed beside its yes.
      return sumEditOf(approval) === null ? verbOf("edit", approval) : "approved";
    default:
      return line satisfies never;
  }
}

type EditLine = Line<"approvals edit">;

/** The subject of the file; undefined where single fields are named only. */
async function edited(line: EditLine): Promise<Json | undefined> {
  if (line.with !== undefined) return await changed(line.with);
  if (line.set.length > 0) return undefined;
  throw new Exit(EXIT.usage, "What is changed? --with FILE takes the whole subject, --set KEY=VALUE a field of it.");
}

/** The subject as it is sent: of the file, or as it was asked, with the fields that were named. */
function withFields(approval: Approval, line: EditLine, whole: Json | undefined): Json {
  const subject = whole === undefined ? subjectOf(approval) : whole;
  if (line.set.length === 0) return subject;
  const fields = typeof subject === "object" && subject !== null && !Array.isArray(subject) ? subject : {};
  return { ...fields, ...settings(line.set) };
}

/** The changed subject (or the answer) that a file holds. */
async function changed(file: string): Promise<Json> {
  try {
    const value: Json = JSON.parse(
      file === "-" ? await new Response(Deno.stdin.readable).text() : await Deno.readTextFile(file),
    );
    return value;
  } catch (error) {
    const why = error instanceof Error ? error.message : `${error}`;
    throw new Exit(
      EXIT.usage,
      error instanceof SyntaxError ? `"${file}" is not JSON: ${why}` : `Cannot read it: ${why}`,
    );
  }
}

/** `cancel` and `retry`. */
export async function changeRun(line: Line<"cancel"> | Line<"retry">, api: Api): Promise<number> {
  const run = line.do === "cancel" ? await api.cancel(line.id) : await api.retry(line.id, {
    ...(line.from === undefined ? {} : { from_step: line.from }),
    ...(line.set.length === 0 ? {} : { config: settings(line.set) }),
  });
  if (line.json) print(run);
  else out("status" in run ? `${run["status"]}` : "asked to stop as soon as it is known");
  return EXIT.done;
}
