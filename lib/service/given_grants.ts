// What a person may grant a run at its start: no more than they could be asked for while it runs.
//
//   GG1. Folders and hosts in a config are those that the operator lets be asked for (HOLDFAST_ASK_READ, HOLDFAST_ASK_NET),
//        so that one person of many cannot read the files of the host. Administrators grant what they like; the walls of
//        the sandbox stay.
import { Grants } from "../model/config.ts";
import { AppError } from "../model/error.ts";
import type { JsonObject } from "../model/json.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { Reach } from "./ports.ts";

/** Refuses grants beyond what the principal may be asked for. Throws AppError `forbidden`, naming each. */
export async function checkGrants(reach: Reach, principal: UserPrincipal, given: JsonObject): Promise<void> {
  const grants = Grants.safeParse(given["grants"]);
  if (principal.admin || !grants.success) return;
  const errors = [];
  for (const [i, path] of grants.data.read.entries()) {
    const message = await reach.mayAskPath(path);
    if (message !== null) errors.push({ path: `config.grants.read.${i}`, message });
  }
  for (const [i, host] of grants.data.net.entries()) {
    // Any host of the net that a star stands for is as good as another.
    const message = reach.mayAskHost(host.replace(/^\*\./, "any."));
    if (message !== null) errors.push({ path: `config.grants.net.${i}`, message });
  }
  if (errors.length === 0) return;
  throw new AppError("forbidden", "Cannot grant this: only an administrator may, or the operator's settings", {
    errors,
  });
}
