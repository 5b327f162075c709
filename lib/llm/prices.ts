// Prices and context windows of models, by name.
//
// US dollars for a million tokens, list prices of the first half of 2026: prices change, the bill of the maker counts.
// A name fits when it is the one in the table, with or without a maker's prefix (`openai/gpt-4o`) and a date
// (`gpt-4o-2024-08-06`): a longer name is another model with another price, and no price is better than a wrong one. A
// model that is not here costs 0 and is said so.
import type { Usage } from "../model/cost.ts";

/** What a model costs and holds. */
export interface Price {
  input: number;
  cached_input: number;
  output: number;
  /** Tokens that one conversation may hold. */
  limit_tokens: number;
}

const price = (input: number, cached_input: number, output: number, limit_tokens: number): Price => ({
  input,
  cached_input,
  output,
  limit_tokens,
});

const PRICES: Readonly<Record<string, Price>> = {
  "gpt-5.1": price(1.25, 0.125, 10, 400_000),
  "gpt-5": price(1.25, 0.125, 10, 400_000),
  "gpt-5-mini": price(0.25, 0.025, 2, 400_000),
  "gpt-5-nano": price(0.05, 0.005, 0.4, 400_000),
  "gpt-4.1": price(2, 0.5, 8, 1_047_576),
  "gpt-4.1-mini": price(0.4, 0.1, 1.6, 1_047_576),
  "gpt-4.1-nano": price(0.1, 0.025, 0.4, 1_047_576),
  "gpt-4o": price(2.5, 1.25, 10, 128_000),
  "gpt-4o-mini": price(0.15, 0.075, 0.6, 128_000),
  "o3": price(2, 0.5, 8, 200_000),
  "o4-mini": price(1.1, 0.275, 4.4, 200_000),
};
const DATE = /-(?:\d{4}-\d{2}-\d{2}|\d{8}|latest)$/;

/** Finds the price of a model by its name; undefined when it is not known. */
export function priceOf(model: string): Price | undefined {
  const name = model.slice(model.lastIndexOf("/") + 1).toLowerCase();
  const plain = name.replace(DATE, "");
  return Object.hasOwn(PRICES, name) ? PRICES[name] : Object.hasOwn(PRICES, plain) ? PRICES[plain] : undefined;
}

/** Money for tokens; cached input tokens are part of the input tokens. 0 without a price. */
export function costOf(model: string, usage: Usage): number {
  const p = priceOf(model);
  if (!p) return 0;
  const cached = Math.min(usage.cached_input_tokens, usage.input_tokens);
  const fresh = usage.input_tokens - cached;
  return (fresh * p.input + cached * p.cached_input + usage.output_tokens * p.output) / 1_000_000;
}
