// One attempt of a model turn: budget first, then the call, its text in the log as it comes, its cost in the record.
import { draft } from "../../model/event.ts";
import type { Cost, Usage } from "../../model/cost.ts";
import { type ModelArgs, ModelResult } from "../../protocol/sandbox.ts";
import type { Clock, Ids, Models } from "../ports.ts";
import type { Redactor } from "../redact.ts";
import type { Budget, Spend } from "./budget.ts";
import { DeltaLog } from "./deltas.ts";
import { type Attempt, failureOf, type Outcome, toJson, type Wish } from "./leaf.ts";
import { withTimeout } from "./timeout.ts";

/** What every model turn of a run shares. */
export interface ModelParts {
  readonly models: Models;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly redactor: Redactor;
  readonly budget: Budget;
  /** The question for more of the budget; null when no limit stands in the way. */
  wish(next: Spend): Wish | null;
  /** What the run has used so far. */
  used(): Cost;
  /** Counts what a call has used; settles when it is committed. */
  record(cost: { agent: string; model: string; usage: Usage; cost_usd: number }): Promise<void>;
}

/** Runs one attempt. Rejects only with the signal's reason. */
export async function runModel(parts: ModelParts, args: ModelArgs, attempt: Attempt): Promise<Outcome> {
  const held = parts.budget.reserve(parts.used());
  if ("refused" in held) {
    const wants = parts.wish(parts.budget.next);
    return { ok: false, failure: held.refused, ...(wants === null ? {} : { wants }) };
  }
  const shown = args.show ?? args.output === undefined;
  const turn = new ShownTurn(parts, args.agent, attempt, shown);
  try {
    const result = await withTimeout(parts.clock, attempt, (signal) => parts.models.turn(args, turn.sink, signal));
    turn.end(result);
    await count(parts, args.agent, result.usage);
    attempt.signal.throwIfAborted();
    return { ok: true, value: parts.redactor.json(toJson(result)) };
  } catch (error) {
    turn.end(null);
    attempt.signal.throwIfAborted();
    return await failed(parts, args.agent, error);
  } finally {
    held.release();
  }
}

async function failed(parts: ModelParts, agent: string, error: unknown): Promise<Outcome> {
  const failure = failureOf(error);
  const usage = usageOf(failure.data);
  if (usage !== null) await count(parts, agent, usage);
  return { ok: false, failure };
}

async function count(parts: ModelParts, agent: string, used: ModelResult["usage"]): Promise<void> {
  const { input_tokens, output_tokens, cached_input_tokens, cost_usd, model } = used;
  const usage = { input_tokens, output_tokens, cached_input_tokens };
  parts.budget.counted(usage, cost_usd);
  if (input_tokens + output_tokens === 0 && cost_usd === 0) return;
  await parts.record({ agent, model, usage, cost_usd });
}

/** Tokens that a failed turn used all the same. */
function usageOf(data: unknown): ModelResult["usage"] | null {
  if (typeof data !== "object" || data === null || !("usage" in data)) return null;
  const parsed = ModelResult.shape.usage.safeParse(data.usage);
  return parsed.success ? parsed.data : null;
}

/** A turn whose text people may watch. */
class ShownTurn {
  readonly #attempt: Attempt;
  readonly #log: DeltaLog | null;
  readonly #message: { agent: string; message_id: string; step_id: string; attempt: number };

  constructor(parts: ModelParts, agent: string, attempt: Attempt, shown: boolean) {
    const { step_id, run_id } = attempt.place;
    this.#attempt = attempt;
    this.#message = { agent, message_id: parts.ids.uuid(), step_id, attempt: attempt.place.attempt };
    const { clock, redactor } = parts;
    const tell = (event: Parameters<Attempt["report"]>[0][number]) => void attempt.report([event]);
    this.#log = shown ? new DeltaLog({ clock, redactor, run_id, data: this.#message, tell }) : null;
  }

  get sink() {
    return {
      delta: (text: string) => this.#log?.push(text),
      retry: (info: { attempt: number; code: string; message: string; wait_s: number }) =>
        void this.#attempt.report([draft("warning", this.#attempt.place.run_id, {
          code: "model_retry",
          message: `${this.#message.agent}: try ${info.attempt} failed (${info.message}); again in ${info.wait_s} s`,
          step_id: this.#message.step_id,
        })]),
    };
  }

  /** Tells the rest; the whole message replaces its deltas. */
  end(result: ModelResult | null): void {
    if (this.#log === null) return;
    this.#log.end();
    if (result === null || result.text === "") return;
    const data = { ...this.#message, role: "assistant", message: result.text };
    void this.#attempt.report([draft("agent_message", this.#attempt.place.run_id, data)]);
  }
}
