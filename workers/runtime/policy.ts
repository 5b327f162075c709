// Checks of what authors hand to leaves, before it has a place in the journal: the host would end the sandbox for it.
import type { Policy } from "../../lib/model/journal.ts";
import { Failure } from "../sdk/failure.ts";

/** Throws Failure `bad_args` when something does not hold. */
export function checkArgs(holds: boolean, name: string, why: string): void {
  if (!holds) throw new Failure("bad_args", `Cannot call "${name}": ${why}`);
}

const between = (value: number | undefined, low: number, high: number) =>
  value === undefined || (typeof value === "number" && value >= low && value <= high);

/** Checks a policy. Throws Failure `bad_args`. */
export function checkPolicy(name: string, policy: Policy): void {
  const { attempts, backoff_s, retry_on, timeout_s } = policy;
  checkArgs(between(attempts, 1, 100) && (attempts ?? 1) % 1 === 0, name, "attempts is a whole number from 1 to 100");
  checkArgs(between(backoff_s, 0, 3600), name, "backoff_s is from 0 to 3600 seconds");
  checkArgs(between(timeout_s, Number.MIN_VALUE, 86400), name, "timeout_s is above 0 and at most 86400 seconds");
  checkArgs(retry_on === undefined || Array.isArray(retry_on), name, "retry_on is a list of codes");
}

/** The policy among the options of a call; what is left out stays out. */
export function policyOf(call: { [K in keyof Policy]: Policy[K] | undefined }): Policy {
  const { attempts, backoff_s, retry_on, timeout_s } = call;
  return {
    ...(attempts === undefined ? {} : { attempts }),
    ...(backoff_s === undefined ? {} : { backoff_s }),
    ...(retry_on === undefined ? {} : { retry_on: [...retry_on] }),
    ...(timeout_s === undefined ? {} : { timeout_s }),
  };
}
