// The report at the end of a run.
import type { Desk } from "./desk.ts";
import { forSynthesis } from "./opening.ts";
import { beginTalk, call } from "./talk.ts";

/** Writes the report of a run, as Markdown. The host shows it as it comes, so nothing is said of it here. */
export async function writeReport(desk: Desk): Promise<string> {
  const { text } = await call(desk, beginTalk(desk, "synthesis", forSynthesis(desk)), {});
  return text;
}
