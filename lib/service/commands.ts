// Commands of people: what the doors may ask to be done, each with the key under which it may be repeated.
//
//   C1. One answer for a key: a repeat within 24 h gets the first one, with another body it is refused. The answer is
//       stored in the commit of its effect; a twin in flight waits, because the key is reserved.
//   C2. Only what was done is kept, never a refusal.
// Leaves to starts.ts: how sessions and runs are made; to submit.ts: policy, decision, commit.
import type { SessionState } from "../engine/state.ts";
import { Verb } from "../model/approval.ts";
import type { UserCommand } from "../model/command.ts";
import { AppError } from "../model/error.ts";
import type { Json } from "../model/json.ts";
import type { UserPrincipal } from "../model/principal.ts";
import { Approval, Run } from "../protocol/rest.ts";
import { idempotency } from "../store/idempotency.ts";
import { digestOf } from "./digest.ts";
import type { ExecuteOptions, Idempotency } from "./holdfast.ts";
import { gatherOutside, type OutsideParts, withFreshReads } from "./outside.ts";
import type { Outside, Submit } from "./submit.ts";

/** What commands of people need. */
export interface CommandParts extends OutsideParts {
  readonly submit: Submit;
}

/** Hands over a command of a person: gathers what it reads, keeps its answer under its key. */
export function doCommand(
  parts: CommandParts,
  who: { principal: UserPrincipal; session_id: string; options: ExecuteOptions },
  command: UserCommand,
): Promise<{ reply: Json; state: SessionState }> {
  const { principal, session_id, options } = who;
  return withFreshReads(async () => {
    const outside = await gatherOutside(parts, session_id, command);
    const repeatable = options.idempotency === undefined
      ? outside
      : keepAnswer(outside, { principal, session_id, given: options.idempotency });
    return await parts.submit(principal, session_id, command, { outside: repeatable });
  });
}

/** Answers a repeat from what was kept, and keeps the first answer. */
function keepAnswer(
  outside: Outside,
  { principal, session_id, given }: { principal: UserPrincipal; session_id: string; given: Idempotency },
): Outside {
  const scope = JSON.stringify([principal.id, given.scope, given.key]);
  return {
    keys: [...outside.keys, idempotency.key(scope)],
    read: (from) => outside.read({ ...from, entries: from.entries.slice(0, -1) }),
    answered({ entries, now }) {
      const entry = entries.at(-1);
      const kept = entry === undefined ? null : idempotency.read(entry, now);
      if (kept === null) return null;
      if (kept.body_digest === given.body_digest) return { reply: kept.reply };
      throw new AppError("idempotency_mismatch", `Cannot repeat "${given.key}": it was another request`);
    },
    rows: (reply, now) => idempotency.row(session_id, { scope, body_digest: given.body_digest, reply, now }),
  };
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

/** The run that a reply shows. */
export function runOf(reply: Json): Run {
  return Run.parse(reply);
}
