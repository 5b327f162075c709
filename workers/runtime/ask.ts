// Questions to people: approve, and ask as open + answer.
//
//   A1. One can always reject: an answer that the author does not list throws, so that an ignored "no" never goes on.
//   A2. The digest covers type, subject and verbs, not the texts: a yes belongs to what was asked.
//   A3. `modified` comes back as `approved` or `retry`, with `edited`, unless the author lists it.
import type { z } from "zod";
import type { Answer, OnTimeout, Verb } from "../../lib/model/approval.ts";
import type { Json, JsonObject } from "../../lib/model/json.ts";
import { refusalText } from "../../lib/model/refusal_text.ts";
import type { AskArgs } from "../../lib/protocol/sandbox.ts";
import { Failure } from "../sdk/failure.ts";
import type { Approval, ApproveCall, AskCall, Opened } from "../sdk/types.ts";
import { caller, mayAwait } from "./call.ts";
import { exactCopy, exactJson } from "./json.ts";
import { callLeaf, fromHost, type LeafCall, openLeaf, resultOf, standIn } from "./leaf.ts";
import { checkArgs } from "./policy.ts";
import { never } from "./run.ts";
import { type Leaf, takeTime } from "./scope.ts";
import { answerSchema, inputSchema } from "./schema.ts";
import { VERBS } from "./verbs.ts";

const MAX_ACTION = 300;

/** ctx.approve */
export async function approve<T, V extends Verb = "approved">(
  name: string,
  call: ApproveCall<T, V>,
): Promise<Approval<T, V>> {
  const listed = verbsOf(name, call);
  const edit = call.edit === undefined ? {} : { modifications_schema: inputSchema(call.edit, name) };
  const args = exactCopy<AskArgs>({
    type: call.type,
    action: call.title,
    description: call.description ?? "",
    subject: exactJson(call.subject, `the subject of "${name}"`),
    allowed: offered(call, listed),
    ...edit,
    ...deadline(call),
    ...(call.estimate === undefined ? {} : { estimate: call.estimate }),
  }, `the question "${name}"`);
  checkTexts(name, args);
  const answer = fromHost<Answer>(await callLeaf(questionCall("approve", name, args)));
  const verb = goesOn<V>(args.action, { answer, listed, edits: call.edit !== undefined });
  const value = answer.edited && call.edit !== undefined
    ? parsed(call.edit, answer.value, name)
    : fromHost<T>(args.subject);
  const { edited, feedback, by } = answer;
  return { verb, value, edited, feedback, by };
}

/** ctx.ask */
export async function ask<S extends z.ZodType>(name: string, call: AskCall<S>): Promise<z.output<S>> {
  const args = askArgs(name, call);
  return parsed(call.answer, await callLeaf(questionCall("ask", name, args)).then(answered(args.action)), name);
}

interface Question {
  readonly leaf: Leaf;
  readonly name: string;
  readonly question: string;
  readonly schema: z.ZodType;
}
/** Questions that were opened, by what the author holds. */
const questions = new WeakMap<object, Question>();

/** ctx.open */
export function open<S extends z.ZodType>(name: string, call: AskCall<S>): Opened<z.output<S>> {
  const args = askArgs(name, call);
  const leaf = openLeaf(questionCall("ask", name, args), false);
  if (leaf === null) return Object.freeze({ id: "", url: "" });
  const session = caller("ctx.open", name)?.run.start.session_id ?? "";
  const opened = Object.freeze({ id: leaf.key, url: `/sessions/${session}?step=${encodeURIComponent(leaf.key)}` });
  questions.set(opened, { leaf, name, question: args.action, schema: call.answer });
  return opened;
}

/** ctx.answer */
export async function answer<T>(opened: Opened<T>): Promise<T> {
  const question = questions.get(opened);
  checkArgs(question !== undefined || opened.id === "", opened.id, "ctx.answer takes what ctx.open returned");
  const here = caller("ctx.answer", question?.name ?? "");
  if (here === null || question === undefined) return await never();
  const { leaf, name, schema } = question;
  if (!mayAwait(here, "ctx.answer", name)) return await never();
  if (leaf.state === "settled") takeTime(here.scope, leaf);
  else standIn(leaf, here);
  here.run.settler.poke();
  return fromHost<T>(parsed(schema, answered(question.question)(await resultOf(leaf)), name));
}

/** The verbs that the author takes for an answer. */
function verbsOf<T, V extends Verb>(name: string, call: ApproveCall<T, V>): readonly Verb[] {
  const possible: readonly Verb[] = VERBS[call.type] ?? [];
  const listed: readonly Verb[] = call.allowed ?? ["approved"];
  checkArgs(possible.length > 0, name, `"${call.type}" is not a type of approvals`);
  checkArgs(listed.length > 0, name, "allowed is empty");
  checkArgs(call.edit === undefined || changedVerb(listed) !== null, name, `edit needs one of ${CHANGED.join(", ")}`);
  for (const verb of listed) {
    checkArgs(
      possible.includes(verb),
      name,
      `"${verb}" is not among the answers to ${call.type}: ${possible.join(", ")}`,
    );
  }
  return listed;
}

/** The verbs that a person is offered, in the order of the type. */
function offered<T, V extends Verb>(call: ApproveCall<T, V>, listed: readonly Verb[]): Verb[] {
  const always = (verb: Verb) => verb === "rejected" || (verb === "modified" && call.edit !== undefined);
  return VERBS[call.type].filter((verb) => listed.includes(verb) || always(verb));
}

function deadline(call: { timeout_s?: number; on_timeout?: OnTimeout }) {
  return {
    on_timeout: call.on_timeout ?? "reject",
    ...(call.timeout_s === undefined ? {} : { timeout_s: call.timeout_s }),
  };
}

function checkTexts(name: string, args: AskArgs): void {
  checkArgs(args.action.length <= MAX_ACTION, name, `its title is longer than ${MAX_ACTION} characters`);
  checkArgs(args.description.length <= 20_000, name, "its description is longer than 20000 characters");
  checkArgs(args.timeout_s === undefined || args.timeout_s > 0, name, "timeout_s is above 0");
}

function askArgs<S extends z.ZodType>(name: string, call: AskCall<S>): AskArgs {
  const { question, description = "" } = call;
  const fits = question.length <= MAX_ACTION;
  const args: AskArgs = {
    type: "input",
    action: fits ? question : `${question.slice(0, MAX_ACTION - 1)}…`,
    description: fits ? description : `${question}\n\n${description}`,
    subject: exactJson(question, `the question "${name}"`),
    allowed: ["answered", "rejected"],
    modifications_schema: answerSchema(call.answer, name),
    ...deadline(call),
  };
  checkTexts(name, args);
  return args;
}

function questionCall(kind: "approve" | "ask", name: string, args: AskArgs): LeafCall {
  const digest: JsonObject = { type: args.type, subject: args.subject, verbs: [...args.allowed].sort() };
  return { kind, name, digest, policy: {}, begin: (base) => ({ ...base, kind, args }) };
}

/** The verb that stands for "yes, but changed", among those that the author takes. */
function changedVerb(listed: readonly Verb[]): Verb | null {
  return CHANGED.find((verb) => listed.includes(verb)) ?? null;
}
const CHANGED: readonly Verb[] = ["modified", "approved", "retry"];

/** The verb with which the code goes on. Throws Failure `rejected` or `expired` for any other answer. */
function goesOn<V extends Verb>(
  title: string,
  got: { answer: Answer; listed: readonly Verb[]; edits: boolean },
): V {
  const { verb } = got.answer;
  if (verb !== null && got.listed.includes(verb)) return verb as V;
  const instead = got.edits && verb === "modified" ? changedVerb(got.listed) : null;
  if (instead !== null) return instead as V;
  throw refusal(title, got.answer);
}

function refusal(title: string, { verb, feedback, by }: Answer): Failure {
  const text = refusalText({ name: title, verb, by, feedback });
  return verb === null || by === "timeout"
    ? new Failure("expired", text)
    : new Failure("rejected", text, { verb, feedback, by });
}

/** The value that a person gave. */
function answered(question: string): (value: Json) => Json {
  return (value) => {
    const answer = fromHost<Answer>(value);
    if (answer.verb !== "answered") throw refusal(question, answer);
    return answer.value;
  };
}

function parsed<S extends z.ZodType>(schema: S, value: Json, name: string): z.output<S> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new Failure("bad_answer", `The answer to "${name}" does not fit: ${result.error.message}`);
}
