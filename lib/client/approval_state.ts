// The state of one approval panel: the edited plan, what was typed, sending, and what went wrong.
//
// Leaves to the island how it looks. What a person typed is kept whatever the server answers.
import { effect, type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Verb } from "../model/approval.ts";
import type { Json } from "../model/json.ts";
import { argsComplaint, type ArgsDraft, argsDraftOf, argsOf, changedArgs } from "./args_edit.ts";
import { isOtherSum, sumComplaint, type SumEdit, sumEditOf, sumModifications } from "./sum_edit.ts";
import { changesOf, complaintOf, draftOf, type PlanDraft } from "./plan_edit.ts";
import type { Approval } from "../protocol/rest.ts";
import { ClientError, createApi } from "./api.ts";
import { refusalText } from "./refusal.ts";

/** What the panel shows and does. */
export interface ApprovalState {
  draft: Signal<PlanDraft | null>;
  /** The arguments of a call; null when it asks about none. */
  args: Signal<ArgsDraft | null>;
  /** The sum that may be typed, with its bounds, and what is typed; null when it asks for no budget. */
  sum: SumEdit | null;
  sumText: Signal<string>;
  /** The step whose fields are open. */
  editing: Signal<string | null>;
  feedback: Signal<string>;
  answer: Signal<string>;
  sending: Signal<Verb | null>;
  problem: Signal<string | null>;
  /** Whether the subject may be changed. */
  editable: boolean;
  changes: ReadonlySignal<number>;
  /** What keeps the edited plan from being sent. */
  invalid: ReadonlySignal<string | null>;
  send(verb: Verb): Promise<void>;
}

/** What the page around a panel gives it and is told by it. */
export interface ApprovalPlace {
  /** Switches sending off. */
  offline: boolean;
  /** Whether something was typed, or an answer is on its way. */
  dirty: Signal<boolean>;
  /** The answer was taken. */
  onSent(approval_id: string): void;
}

/** Makes the state of a panel. */
export function useApproval(approval: Approval, place: ApprovalPlace): ApprovalState {
  const draft = useSignal(draftOf(approval.context));
  const sum = sumEditOf(approval);
  const mayChange = sum !== null || approval.allowed.includes("modified");
  const editable = approval.modifications_schema !== undefined && mayChange;
  const args = useSignal(draft.peek() === null ? argsDraftOf(approval.context, approval.modifications_schema) : null);
  const sumText = useSignal(`${sum?.proposed ?? ""}`);
  const typed = (): Typed => ({ plan: draft.value, args: args.value, sum, sumText: sumText.value });
  const changes = useComputed(() => editable ? countChanges(typed()) : 0);
  const invalid = useComputed(() => changes.value === 0 ? null : complaint(typed()));
  const state: Omit<ApprovalState, "send"> = {
    draft,
    args,
    sum,
    sumText,
    editing: useSignal<string | null>(null),
    feedback: useSignal(""),
    answer: useSignal(""),
    sending: useSignal<Verb | null>(null),
    problem: useSignal<string | null>(null),
    editable,
    changes,
    invalid,
  };
  const { dirty } = place;
  useEffect(() => {
    // At once, not at the next frame: the event that ends the question may come in between.
    const end = effect(() => {
      const typed = state.feedback.value.trim() !== "" || state.answer.value.trim() !== "";
      dirty.value = typed || changes.value > 0 || state.sending.value !== null;
    });
    return () => {
      end();
      dirty.value = false;
    };
  }, []);
  return { ...state, send: (verb) => send(state, approval, { verb, place }) };
}

/** What a person may have changed of a subject: at most one of them is there. */
interface Typed {
  plan: PlanDraft | null;
  args: ArgsDraft | null;
  sum: SumEdit | null;
  sumText: string;
}

function countChanges({ plan, args, sum, sumText }: Typed): number {
  if (plan !== null) return changesOf(plan).total;
  if (args !== null) return changedArgs(args);
  return sum !== null && isOtherSum(sum, sumText) ? 1 : 0;
}

function complaint({ plan, args, sum, sumText }: Typed): string | null {
  if (plan !== null) return complaintOf(plan);
  if (args !== null) return argsComplaint(args);
  return sum === null ? null : sumComplaint(sum, sumText);
}

function modificationsOf(state: Omit<ApprovalState, "send">, verb: Verb): Json | undefined {
  if (verb === "answered") return { answer: state.answer.peek() };
  if (state.sum !== null) return verb === "approved" ? sumModifications(state.sum, state.sumText.peek()) : undefined;
  if (verb !== "modified") return undefined;
  const [draft, args] = [state.draft.peek(), state.args.peek()];
  if (draft === null) return args === null ? undefined : argsOf(args);
  return JSON.parse(JSON.stringify({ steps: draft.steps }));
}

async function send(
  state: Omit<ApprovalState, "send">,
  approval: Approval,
  options: { verb: Verb; place: ApprovalPlace },
): Promise<void> {
  const { verb, place } = options;
  if (state.sending.peek() !== null || place.offline) return;
  if (verb === "answered" && state.answer.peek().trim() === "") {
    state.problem.value = "Type an answer first.";
    return;
  }
  state.sending.value = verb;
  state.problem.value = null;
  const feedback = state.feedback.peek().trim();
  const modifications = modificationsOf(state, verb);
  try {
    await createApi({ base: location.origin }).resolve(approval.approval_id, {
      resolution: verb,
      ...(feedback === "" ? {} : { feedback }),
      ...(modifications === undefined ? {} : { modifications }),
    });
    place.onSent(approval.approval_id);
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    state.sending.value = null;
    state.problem.value = refusal(error);
  }
}

/** A refusal in words: who was first, or what does not fit. */
function refusal(error: ClientError): string {
  if (error.code === "unreachable") return "Not connected. Your answer is kept here; send it when the line is back.";
  if (error.status === 401) return refusalText(error);
  const current = error.problem?.current;
  if (error.status === 409 && current !== null && typeof current === "object" && !Array.isArray(current)) {
    const by = current?.["resolved_by"];
    const name = by !== null && typeof by === "object" && !Array.isArray(by) ? by?.["name"] : by;
    const what = current?.["resolution"] ?? current?.["status"];
    return `Answered already${name ? ` by ${name}` : ""}: ${what}. What you typed is kept here.`;
  }
  const errors = (error.problem?.errors ?? []).map((one) => `${one.path}: ${one.message}`);
  return errors.length > 0 ? errors.join("; ") : error.message;
}
