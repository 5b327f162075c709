// What a run has used: tokens of every class and money.
import * as z from "zod";

/** Tokens of one model call or the sum of many. */
export const Usage = z.strictObject({
  input_tokens: z.int().nonnegative().default(0),
  output_tokens: z.int().nonnegative().default(0),
  cached_input_tokens: z.int().nonnegative().default(0),
});
/** Tokens of one model call or the sum of many. */
export type Usage = z.infer<typeof Usage>;

/** Money and tokens so far; `limit_usd` is the bound in force or null. */
export const Cost = z.strictObject({
  usd: z.number().nonnegative().default(0),
  limit_usd: z.number().nonnegative().nullable().default(null),
  ...Usage.shape,
});
/** Money and tokens so far. */
export type Cost = z.infer<typeof Cost>;
/** Nothing used, no limit. */
export const NO_COST: Cost = { usd: 0, limit_usd: null, input_tokens: 0, output_tokens: 0, cached_input_tokens: 0 };
