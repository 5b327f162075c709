// Commands of people: what the doors may ask to be done, each with the key under which it may be repeated.
//
//   C1. One answer for a key: a repeat within 24 h gets the first one, with another body it is refused. The answer is
//       stored in the commit of its effect; a twin in flight waits, because the key is reserved.
//   C2. Only what was done is kept, never a refusal.
// Leaves to starts.ts: how sessions and runs are made; to submit.ts: policy, decision, commit.
import { withContext } from "@logtape/logtape";
import type { SessionState } from "../engine/state.ts";
import { Verb } from "../model/approval.ts";
import type { UserCommand } from "../model/command.ts";
import { AppError } from "../model/error.ts";
import { timestamp } from "../model/ids.ts";
import type { Json } from "../model/json.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { Approval, Run } from "../protocol/rest.ts";
import { idempotency, type KeptAnswer } from "../store/idempotency.ts";
import type { Key, Mutation } from "../store/mutation.ts";
import { digestOf } from "./digest.ts";
import type { ExecuteOptions, Idempotency } from "./holdfast.ts";
import { gatherOutside, type OutsideParts, withFreshReads } from "./outside.ts";
import type { Clock } from "./ports.ts";
import type { Outside, OutsideInput, Submit } from "./submit.ts";

/** What commands of people need. */
export interface CommandParts extends OutsideParts {
  readonly submit: Submit;
  readonly clock: Clock;
  /** Keeps a cancel for a run that is not known yet; false when it is known by now. */
  keepCancel(run_id: string, cancel: { by: string; at: string; now: number }): Promise<boolean>;
}

/** Hands over a command of a person: gathers what it reads, keeps its answer under its key. */
export function doCommand(
  parts: CommandParts,
  who: { principal: UserPrincipal; session_id: string; options: ExecuteOptions },
  command: UserCommand,
): Promise<{ reply: Json; state: SessionState }> {
  const { principal, session_id, options } = who;
  const bound = { session_id, ...(options.request_id === undefined ? {} : { request_id: options.request_id }) };
  return withContext(bound, () =>
    withFreshReads(async () => {
      const at = await sessionFor(parts, who, command);
      const outside = await gatherOutside(parts, { principal, session_id: at }, command);
      const { idempotency: given } = options;
      if (given === undefined) return await parts.submit(principal, at, command, { outside });
      const keeper = new AnswerKeeper(outside, { principal, session_id: at, given });
      const done = await parts.submit(principal, at, command, { outside: keeper });
      const { first } = keeper;
      // A large answer was kept as a reference into the session of its effect.
      return first === null ? done : { ...done, reply: await parts.reads.resolve(first.session_id, first.reply) };
    }));
}

/** Where a command is decided: a start in a new session that was made before belongs to the session that it made. */
async function sessionFor(
  { reads }: Pick<CommandParts, "reads">,
  { principal, session_id }: { principal: UserPrincipal; session_id: string },
  command: UserCommand,
): Promise<string> {
  if (command.type !== "create_session" || command.run === undefined) return session_id;
  const owner = await reads.ownerOfRun(command.run.run_id);
  return owner?.principal === principal.id ? owner.session_id : session_id;
}

/** Answers a repeat from what was kept, and keeps the first answer. */
class AnswerKeeper implements Outside {
  /** The first answer, when this is a repeat. */
  first: KeptAnswer | null = null;
  readonly keys: readonly Key[];
  readonly #outside: Outside;
  readonly #given: Idempotency;
  readonly #scope: string;
  readonly #session_id: string;

  constructor(outside: Outside, of: { principal: UserPrincipal; session_id: string; given: Idempotency }) {
    const { principal, given } = of;
    this.#outside = outside;
    this.#given = given;
    this.#session_id = of.session_id;
    this.#scope = JSON.stringify([principal.id, given.scope, given.key]);
    this.keys = [...outside.keys, idempotency.key(this.#scope)];
  }

  read(from: OutsideInput): ReturnType<Outside["read"]> {
    return this.#outside.read({ ...from, entries: from.entries.slice(0, -1) });
  }

  answered({ entries, now }: OutsideInput): { reply: Json } | null {
    const entry = entries.at(-1);
    this.first = entry === undefined ? null : idempotency.read(entry, now);
    if (this.first === null) return null;
    if (this.first.body_digest === this.#given.body_digest) return { reply: this.first.reply };
    throw new AppError("idempotency_mismatch", `Cannot repeat "${this.#given.key}": it was another request`);
  }

  rows(reply: Json, now: number): readonly Mutation[] {
    const { body_digest } = this.#given;
    return idempotency.row(this.#session_id, { scope: this.#scope, body_digest, reply, now });
  }
}

/** Answers an approval. Throws AppError. */
export async function resolveApproval(
  parts: CommandParts,
  who: { principal: UserPrincipal; options: ExecuteOptions },
  input: { approval_id: string; resolution: string; feedback?: string; modifications?: Json },
): Promise<Approval> {
  const { approval_id } = input;
  const verb = Verb.safeParse(input.resolution);
  if (!verb.success) {
    throw new AppError("not_allowed_verb", `Cannot answer "${input.resolution}": there is no such answer`);
  }
  const session_id = await parts.reads.sessionOfApproval(approval_id);
  if (session_id === null) {
    throw new AppError("not_found", `Cannot answer approval "${approval_id}": there is no such approval`);
  }
  const feedback = input.feedback ?? null;
  const { modifications } = input;
  const answer_digest = digestOf({ resolution: verb.data, feedback, modifications: modifications ?? null });
  const answer = { approval_id, resolution: verb.data, feedback, modifications, answer_digest };
  const { reply } = await doCommand(parts, { ...who, session_id }, { type: "resolve_approval", ...answer });
  return Approval.parse(reply);
}

/** Cancels a run; one that is not known yet is remembered for 60 s, and the answer is null. */
export async function cancelRun(
  parts: CommandParts,
  who: { principal: UserPrincipal; options: ExecuteOptions },
  run_id: string,
): Promise<Run | null> {
  const { principal } = who;
  for (let tries = 0; tries < 3; tries++) {
    const session_id = await parts.reads.sessionOfRun(run_id);
    if (session_id !== null) {
      return runOf((await doCommand(parts, { ...who, session_id }, { type: "cancel_run", run_id })).reply);
    }
    const now = parts.clock.now();
    if (await parts.keepCancel(run_id, { by: principal.id, at: timestamp(now), now })) return null;
  }
  throw new AppError("not_found", `Cannot cancel run "${run_id}": its session is gone`);
}

/** The run that a reply shows. */
export function runOf(reply: Json): Run {
  return Run.parse(reply);
}
