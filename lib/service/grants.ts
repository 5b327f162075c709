// What a workflow will be allowed to do, in words, before it starts: made of limits and description, never promised twice.
import type { JsonObject } from "../model/json.ts";
import type { GrantsManifest, WorkflowDescription } from "../model/workflow.ts";
import type { Config } from "../config.ts";
import { secretFields } from "./config_check.ts";

const OWN_FOLDER = "the session's own folder";

/** Makes the manifest of a mode. `config` is that of a session, where one is known. */
export function grantsManifest(
  description: WorkflowDescription,
  config: Config,
  given: JsonObject = {},
): GrantsManifest {
  const grants = isObject(given["grants"]) ? given["grants"] : {};
  const service = config.model.name === null ? [] : [hostOf(config.model.base_url)];
  return {
    reads: [OWN_FOLDER, ...strings(grants["read"])],
    writes: [OWN_FOLDER],
    hosts: [...service, ...strings(grants["net"])],
    programs: [],
    secrets: secretFields(description.config_schema),
    time_s: numberOr(given["runTimeout"], config.run_timeout_s),
    memory_mb: config.memory_mb,
    money_usd: typeof given["maxCostUsd"] === "number" ? given["maxCostUsd"] : null,
    asks: [...description.asks, ...asksOf(config)],
  };
}

/** What any code may be stopped for and a person asked. */
function asksOf({ ask, private_hosts }: Config): string[] {
  const hosts = ask.net === "any" || ask.net.length > 0 || private_hosts.length > 0;
  return [
    ...(hosts ? ["Before code reaches a host that is not listed here"] : []),
    ...(ask.read.length > 0 ? [`Before code reads below ${ask.read.join(", ")}`] : []),
  ];
}

/** The host of the model service; without an address it is that of the provider itself. */
function hostOf(base_url: string | null): string {
  return URL.parse(base_url ?? "https://api.openai.com")?.host ?? "api.openai.com";
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
const numberOr = (value: unknown, fallback: number): number => typeof value === "number" ? Math.round(value) : fallback;
