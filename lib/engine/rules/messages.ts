// Messages of people to a run: straight into a wait that is open, else into the mailbox until a wait takes them.
import { asJson, presentRun } from "../present.ts";
import { openEntries } from "../open.ts";
import { settleWait } from "./waits.ts";
import { actor, emit, isRefusal, type Of, openRun, type Outcome, refuse, type Work } from "./work.ts";

/** A person sends a message; the same message_id again changes nothing. */
export function sendMessage(work: Work, command: Of<"send_message">): Outcome {
  const run = openRun(work, command.run_id, "send a message to");
  if (isRefusal(run)) return run;
  if (run.cancel !== undefined) {
    const current = asJson(presentRun(run));
    return refuse("wrong_state", `Cannot send a message to run "${run.run_id}": it is being cancelled`, { current });
  }
  if (work.ctx.outside.takes_messages === false) {
    return refuse("takes_no_messages", `Cannot send a message to run "${run.run_id}": mode "${run.mode}" takes none`);
  }
  const { message_id, content } = command;
  const { mailbox } = work.state;
  if (mailbox.some((message) => message.message_id === message_id)) return { same: { queued: true, message_id } };
  const by = actor(work.principal);
  emit(work, "user_message", { message_id, content, by });
  const message = { message_id, content, by, at: work.now };
  const wait = openEntries(work.state).filter((entry) => entry.kind === "message").sort(byAge)[0];
  if (wait === undefined) work.state = { ...work.state, mailbox: [...mailbox, message] };
  else settleWait(work, wait, { value: [message], told: true });
  return { reply: { queued: true, message_id } };
}

function byAge(a: { at: string; key: string }, b: { at: string; key: string }): number {
  return a.at.localeCompare(b.at) || a.key.localeCompare(b.key);
}
