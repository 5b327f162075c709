// An approval at the prompt: what is asked, and an answer with the same verbs as the browser.
//
// Leaves to follow.ts when to ask. Aborting (somebody else answered) ends the prompt without an answer.
import { isCancel, select, text } from "@clack/prompts";
import type { Api } from "../client/api.ts";
import { ClientError } from "../client/api.ts";
import { gateFields, gateWords } from "../client/gate_words.ts";
import { sumComplaint, type SumEdit, sumEditOf, sumModifications, sumWords } from "../client/sum_edit.ts";
import type { Json } from "../model/json.ts";
import type { Verb } from "../model/approval.ts";
import type { Approval } from "../protocol/rest.ts";
import { err, EXIT, Exit, harmless, out, type Paint } from "./terminal.ts";

/** What a verb is called for an approval: the browser's own words where it has any. */
function labelOf(verb: Verb, approval: Approval): string {
  const words = gateWords(approval)[verb];
  return words === undefined ? LABELS[verb] ?? verb : `${words.word}: ${words.does}`;
}

const LABELS: Record<string, string> = {
  approved: "Approve",
  approved_session: "Approve, also for the rest of this session",
  rejected: "Reject…",
  rejected_always: "Reject, always",
  modified: "Edit, then approve…",
  answered: "Answer…",
  skip: "Skip it",
  retry: "Try again",
  abort: "Stop the task",
};

/** An answer as the API takes it. */
export interface AnswerBody {
  resolution: string;
  feedback?: string;
  modifications?: Json;
}

/** Writes what an approval asks. */
export function showApproval(approval: Approval, paint: Paint): void {
  out("");
  out(paint("yellow", `? ${harmless(approval.action)}`));
  if (approval.description) out(`  ${harmless(approval.description)}`);
  const fields = gateFields(approval)?.map(([label, value]) => `${label}: ${harmless(value)}`);
  for (const line of fields ?? subjectLines(approval.context)) out(`  ${line}`);
  const late = { reject: "rejected", approve: "approved", fail: "the task fails" }[approval.on_timeout];
  out(paint("dim", `  no answer by ${approval.expires_at}: ${late}   ${approval.approval_id}`));
}

function subjectLines(subject: Json): string[] {
  if (subject === null || subject === undefined) return [];
  if (typeof subject !== "object" || Array.isArray(subject)) {
    return harmless(JSON.stringify(subject, null, 2)).split("\n");
  }
  const steps = subject["steps"];
  if (!Array.isArray(steps)) return JSON.stringify(subject, null, 2).split("\n").map(harmless).slice(0, 60);
  return steps.map((step, i) => {
    const title = step !== null && typeof step === "object" && !Array.isArray(step) ? `${step["title"] ?? ""}` : "";
    return `${i + 1}  ${harmless(title)}`;
  });
}

/** Ways to say yes that need nothing beside them, the one that grants least first. */
const PLAIN_YES: readonly Verb[] = ["approved", "retry", "approved_session", "skip"];

/** The yes that an approval allows without an edit or an answer, for --approve-all; null where there is none. */
export function yesOf({ allowed }: Pick<Approval, "allowed">): AnswerBody | null {
  const verb = PLAIN_YES.find((verb) => allowed.includes(verb));
  return verb === undefined ? null : { resolution: verb };
}

/** How an approval is answered where nobody is asked. */
export function howToAnswer({ allowed, approval_id }: Pick<Approval, "allowed" | "approval_id">): string {
  return allowed.includes("answered")
    ? `Answer with: echo '{"answer": "…"}' | deno task cli approvals edit ${approval_id} --with -`
    : `Answer with: deno task cli approvals approve ${approval_id}`;
}

/** The verb that a word of the command line means for an approval: the first that it allows, else the first at all. */
export function verbOf(word: "approve" | "reject" | "edit", { allowed }: Pick<Approval, "allowed">): Verb {
  const verbs = { approve: PLAIN_YES, reject: ["rejected", "abort"], edit: ["modified", "answered"] } as const;
  return verbs[word].find((verb) => allowed.includes(verb)) ?? verbs[word][0] ?? "approved";
}

/** Asks at the prompt; null when the prompt was aborted or the person pressed Ctrl+C. */
export async function askAnswer(approval: Approval, signal: AbortSignal): Promise<AnswerBody | null> {
  const sum = sumEditOf(approval);
  const offered: readonly Verb[] = sum === null ? approval.allowed : [...approval.allowed, "modified"];
  const verb = await select({
    message: "Your answer",
    options: offered.map((value) => ({ value: `${value}`, label: labelOf(value, approval) })),
    signal,
  });
  if (isCancel(verb)) return interrupted(signal);
  if (verb === "answered") return await answered(approval, signal);
  if (verb === "modified") return await (sum === null ? modified(approval, signal) : otherSum(sum, signal));
  if (verb !== "rejected") return { resolution: verb };
  const why = await text({ message: "Why (may stay empty)", signal });
  if (isCancel(why)) return interrupted(signal);
  return { resolution: verb, ...(why ? { feedback: why } : {}) };
}

function interrupted(signal: AbortSignal): null {
  if (signal.aborted) return null;
  throw new Exit(EXIT.interrupted);
}

async function answered(approval: Approval, signal: AbortSignal): Promise<AnswerBody | null> {
  const answer = await text({ message: harmless(approval.action), signal });
  if (isCancel(answer)) return interrupted(signal);
  return { resolution: "answered", modifications: { answer: answer ?? "" } };
}

/** What a person edits: of a call of a tool its arguments, of a budget the new sum, else the subject. */
export function subjectOf(approval: Approval): Json {
  if (sumEditOf(approval) !== null) return {};
  const { approval_type, context } = approval;
  const call = approval_type === "tool_call" && context !== null && typeof context === "object" ? context : {};
  return ("args" in call ? call["args"] : undefined) ?? context;
}

/** Another limit of a budget: a number within its bounds. */
async function otherSum(edit: SumEdit, signal: AbortSignal): Promise<AnswerBody | null> {
  const words = (n: number) => sumWords(edit.unit, n);
  const sum = await text({
    message: `The new limit, ${words(edit.least)} to ${words(edit.most)}`,
    initialValue: `${edit.proposed}`,
    validate: (typed) => sumComplaint(edit, typed ?? "") ?? undefined,
    signal,
  });
  if (isCancel(sum)) return interrupted(signal);
  const modifications = sumModifications(edit, sum);
  return { resolution: "approved", ...(modifications === undefined ? {} : { modifications }) };
}

async function modified(approval: Approval, signal: AbortSignal): Promise<AnswerBody | null> {
  const file = await Deno.makeTempFile({ prefix: "holdfast-", suffix: ".json" });
  try {
    await Deno.writeTextFile(file, `${JSON.stringify(subjectOf(approval), null, 2)}\n`);
    for (;;) {
      const done = await text({ message: `Edit ${file}, save it, then press Enter`, signal });
      if (isCancel(done)) return interrupted(signal);
      try {
        const modifications: Json = JSON.parse(await Deno.readTextFile(file));
        return { resolution: "modified", modifications };
      } catch (error) {
        err(`The file is not JSON: ${error instanceof Error ? error.message : error}`);
      }
    }
  } finally {
    await Deno.remove(file).catch(() => undefined);
  }
}

/** Sends an answer; says who was first when somebody else was, and gives false when it must be asked again. */
export async function sendAnswer(api: Api, approval: Approval, body: AnswerBody): Promise<boolean> {
  try {
    await api.resolve(approval.approval_id, body);
    return true;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    if (error.status === 422) {
      err(refusal(error));
      return false;
    }
    if (error.status !== 409) throw error;
    err(harmless(error.message));
    return true;
  }
}

/** What the server refused, with the paths that do not fit. */
export function refusal(error: ClientError): string {
  const errors = error.problem?.errors ?? [];
  return [error.message, ...errors.map((one) => `  ${one.path}: ${one.message}`)].map(harmless).join("\n");
}
