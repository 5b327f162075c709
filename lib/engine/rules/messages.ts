// Messages of people to a run: straight into a wait that is open, else into the mailbox until a wait takes them.
//
//   E1. The mailbox has a bound, so that the commit that takes all of it is never too large.
import { asJson, presentRun } from "../present.ts";
import { MAX_MAILBOX, MAX_MAILBOX_CHARS } from "../limits.ts";
import { openEntries } from "../open.ts";
import type { MailboxMessage } from "../state.ts";
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
  const wait = openEntries(work.state).filter((entry) => entry.kind === "message").sort(byAge)[0];
  if (wait === undefined && isFull(mailbox, content)) {
    const current = asJson(presentRun(run));
    const message = `${mailbox.length} messages wait already for it to listen`;
    return refuse("wrong_state", `Cannot send a message to run "${run.run_id}": ${message}`, { current });
  }
  const by = actor(work.principal);
  emit(work, "user_message", { message_id, content, by });
  const message = { message_id, content, by, at: work.now };
  if (wait === undefined) work.state = { ...work.state, mailbox: [...mailbox, message] };
  else settleWait(work, wait, { value: [message], told: true });
  return { reply: { queued: true, message_id } };
}

/** One commit takes all of them, or drops them with the run: so many fit one. */
function isFull(mailbox: readonly MailboxMessage[], content: string): boolean {
  const characters = mailbox.reduce((sum, message) => sum + message.content.length, content.length);
  return mailbox.length >= MAX_MAILBOX || characters > MAX_MAILBOX_CHARS;
}

function byAge(a: { at: string; key: string }, b: { at: string; key: string }): number {
  return a.at.localeCompare(b.at) || a.key.localeCompare(b.key);
}
