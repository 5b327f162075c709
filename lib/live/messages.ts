// What clients say on both doors: read, checked, and carried out as what REST would do.
//
// Owns the translation of MARS's words (`approved: true`) into verbs. Leaves every rule to the service.
import type { z } from "zod";
import { AppError } from "../model/error.ts";
import { type Verb, YES } from "../model/approval.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { check } from "../protocol/check.ts";
import type { ClientMessage, RunDoorMessage } from "../protocol/live.ts";
import { MAX_VALUES, readJson } from "../protocol/read_json.ts";
import type { Holdfast } from "../service/holdfast.ts";
import { connectionFrame } from "./frames.ts";

/** Reads a message. Throws AppError `bad_json`, `invalid`. */
export function readMessage<T extends z.ZodType>(schema: T, text: string): z.output<T> {
  return check(schema, readJson(text, { max_values: MAX_VALUES }), "message");
}

/** Messages that act on a run or an approval. */
export type Act = Extract<
  ClientMessage | RunDoorMessage,
  { type: "resolve_approval" | "approval_response" | "pause" | "resume" | "cancel" | "message" }
>;
/** What carrying out a message needs. */
export interface ActOptions {
  holdfast: Holdfast;
  principal: UserPrincipal;
  /** The run that is meant where a message names none. Throws AppError. */
  run(): Promise<string>;
}

/** Carries out a message. Throws AppError. */
export async function act(message: Act, { holdfast, principal, run }: ActOptions): Promise<void> {
  if ("approval_id" in message) {
    const { approval_id, feedback, modifications } = message;
    const resolution = await verbOf(message, { holdfast, principal });
    await holdfast.resolveApproval(principal, {
      approval_id,
      resolution,
      ...(feedback === undefined ? {} : { feedback }),
      ...(modifications === undefined ? {} : { modifications }),
    });
    return;
  }
  const run_id = message.run_id ?? await run();
  if (message.type === "cancel") {
    await holdfast.cancelRun(principal, run_id);
    return;
  }
  const { session_id } = await holdfast.query.run(principal, run_id);
  await holdfast.execute(principal, session_id, commandOf(message, run_id, holdfast));
}

function commandOf(message: Extract<Act, { type: "pause" | "resume" | "message" }>, run_id: string, { ids }: Holdfast) {
  switch (message.type) {
    case "pause":
      return { type: "pause_run", run_id, now: false } as const;
    case "resume":
      return { type: "resume_run", run_id } as const;
    case "message":
      return { type: "send_message", run_id, message_id: ids.uuid(), content: message.content } as const;
    default:
      return message satisfies never;
  }
}

type Answered = Extract<Act, { type: "resolve_approval" | "approval_response" }>;

/** The verb that is meant; MARS's clients say only yes or no, so the first verb that this approval allows for it. */
async function verbOf(
  { approval_id, resolution, approved, modifications }: Answered,
  { holdfast, principal }: Pick<ActOptions, "holdfast" | "principal">,
): Promise<Verb> {
  if (resolution !== undefined) return resolution;
  const { allowed } = await holdfast.query.approval(principal, approval_id);
  const wanted: readonly Verb[] = approved
    ? modifications === undefined ? ["approved", "answered", "retry", "skip"] : ["modified", "answered", "approved"]
    : ["rejected", "abort"];
  const found = wanted.find((verb) => allowed.includes(verb));
  return found ?? allowed.find((verb) => YES.has(verb) === approved) ?? (approved ? "approved" : "rejected");
}

/** The frame of an error, under its topic where there is one. */
export function errorFrame(error: AppError, { topic, now }: { topic?: string | undefined; now: number }): string {
  const { errors, current } = error.details;
  const data = {
    code: error.code,
    message: error.message,
    ...(errors === undefined ? {} : { errors }),
    ...(current === undefined ? {} : { current }),
  };
  return connectionFrame("error", { topic, data, now });
}
