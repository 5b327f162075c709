// The tokens and money of one turn: the answers of all its tries added up, and what is not known about them said.
import type { Usage } from "../model/cost.ts";
import type { Message, ModelResult } from "../protocol/sandbox.ts";
import { costOf, priceOf } from "./prices.ts";
import type { Reply } from "./request.ts";

/** The tokens of one turn, over its repeats of an answer. */
export class Spent {
  readonly usage: Usage = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0 };
  #estimated = false;

  add(reply: Reply, messages: readonly Message[]): void {
    const counted = reply.usage ?? this.#estimate(reply, messages);
    this.usage.input_tokens += counted.input_tokens;
    this.usage.output_tokens += counted.output_tokens;
    this.usage.cached_input_tokens += counted.cached_input_tokens;
  }

  result(model: string): ModelResult["usage"] {
    const price = priceOf(model);
    const notes = [
      ...(price ? [] : [`no price is known for ${model}: counted as 0`]),
      ...(this.#estimated ? ["the service does not count tokens: estimated as one for 4 characters"] : []),
    ];
    return {
      ...this.usage,
      cost_usd: costOf(model, this.usage),
      limit_tokens: price?.limit_tokens ?? null,
      model,
      ...(notes.length > 0 ? { note: notes.join("; ") } : {}),
    };
  }

  /** Without it a limit on tokens would hold nothing back. */
  #estimate(reply: Reply, messages: readonly Message[]): Usage {
    this.#estimated = true;
    const tokens = (characters: number) => Math.ceil(characters / 4);
    return {
      input_tokens: tokens(messages.reduce((sum, { content }) => sum + content.length, 0)),
      output_tokens: tokens(reply.text.length + reply.calls.reduce((sum, { args }) => sum + args.length, 0)),
      cached_input_tokens: 0,
    };
  }
}
