// A run's config: the session's with the run's keys over it. The mode is the session's and cannot change.
import type { JsonObject } from "../model/json.ts";
import type { SessionRecord } from "../model/session.ts";

/** Lays the keys of a run over the config of its session; null when they ask for another mode. */
export function mergeConfig(session: Pick<SessionRecord, "mode" | "config">, config: JsonObject): JsonObject | null {
  const { mode, ...keys } = config;
  if (mode !== undefined && mode !== session.mode) return null;
  return { ...session.config, ...keys };
}
