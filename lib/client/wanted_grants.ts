// What a task may do with the options as they stand in the form: the mode's grants, with what the options change.
//
//   WG1. Time, money, hosts and folders of the options are shown as they will hold; what is no value of its kind changes
//        nothing, the form complains of it elsewhere.
import type { Json, JsonObject } from "../model/json.ts";
import type { Mode } from "../protocol/rest.ts";

const positive = (value: Json | undefined): number | null => typeof value === "number" && value > 0 ? value : null;
const texts = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string" && one !== "") : [];

/** The grants of a mode under a config. */
export function grantsWith(grants: Mode["grants"], config: JsonObject): Mode["grants"] {
  const wanted = config["grants"];
  const more = wanted !== null && typeof wanted === "object" && !Array.isArray(wanted) ? wanted : {};
  return {
    ...grants,
    reads: [...grants.reads, ...texts(more["read"])],
    hosts: [...grants.hosts, ...texts(more["net"])],
    time_s: positive(config["runTimeout"]) ?? grants.time_s,
    money_usd: positive(config["maxCostUsd"]) ?? grants.money_usd,
  };
}
