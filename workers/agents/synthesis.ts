// The report at the end of a run.
import type { Desk } from "./desk.ts";
import { forSynthesis } from "./opening.ts";
import { beginTalk, call } from "./talk.ts";

/** Writes the report of a run, as Markdown. */
export async function writeReport(desk: Desk): Promise<string> {
  const answer = await call(desk, beginTalk(desk, "synthesis", forSynthesis(desk)), {});
  desk.ctx.emit("agent_message", { agent: "synthesis", message: answer.text });
  return answer.text;
}
