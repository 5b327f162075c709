// The config keys that every mode takes; a mode's own keys come beside them. camelCase as MARS's clients send them.
import * as z from "zod";

/** What a session may reach beyond its own folder. */
export const Grants = z.strictObject({
  read: z.array(z.string().max(1000)).max(50).default([]),
  net: z.array(z.string().max(300)).max(50).default([]),
});
/** Most money that a run may be given, in US dollars. */
export const MAX_COST_USD = 100_000;
/** Most tokens that a run may be given. */
export const MAX_TOKENS = 1_000_000_000;
/** Config keys of every mode. Seconds, US dollars, tokens. */
export const commonConfig = {
  runTimeout: z.int().min(1).max(604_800).optional().describe("Seconds of executing, waiting not counted"),
  approvalTimeout: z.int().min(1).max(31_536_000).optional().describe("Seconds until a question expires"),
  maxCostUsd: z.number().min(0).max(MAX_COST_USD).optional().describe("Money this run may spend, in US dollars"),
  maxTokens: z.int().min(1).max(MAX_TOKENS).optional().describe("Tokens this run may use"),
  grants: Grants.optional().describe("Folders to read and hosts to reach beyond the session's own folder"),
} as const;
/** The config keys of every mode as a schema. */
export const CommonConfig = z.strictObject(commonConfig);
/** The config keys of every mode. */
export type CommonConfig = z.infer<typeof CommonConfig>;
