// The conversation of a session: the last messages, from the folded view where it holds them, else from the log.
import { EMPTY_VIEW, fold } from "../../engine/view.ts";
import { readLine } from "../../model/event.ts";
import type { HistoryMessage } from "../../protocol/rest.ts";
import type { Store } from "../../store/store.ts";
import { messagesOf } from "./sessions.ts";
import type { Views } from "./views.ts";

/** Events that the reducer makes messages of. */
const TYPES = ["status", "user_message", "agent_message"];

/** The last messages of a session. Throws AppError `not_found`. */
export async function readHistory(
  parts: { store: Pick<Store, "events">; views: Views },
  session_id: string,
  limit: number,
): Promise<{ total: number; messages: HistoryMessage[] }> {
  const { view } = await parts.views.read(session_id);
  const total = view.conversation_total;
  const held = messagesOf(view);
  if (held.length >= Math.min(limit, total)) return { total, messages: held.slice(-limit) };
  return { total, messages: await readBack(parts.store, session_id, { limit, before: view.seq + 1 }) };
}

/** Reads the log backwards, a page at a time: a page may end early at its size. */
async function readBack(
  store: Pick<Store, "events">,
  session_id: string,
  from: { limit: number; before: number },
): Promise<HistoryMessage[]> {
  let messages: HistoryMessage[] = [];
  let before = from.before;
  while (messages.length < from.limit && before > 1) {
    const limit = from.limit - messages.length;
    const page = await store.events.page(session_id, { before, limit, types: TYPES });
    const events = (page?.lines ?? []).map(readLine);
    const first = events[0];
    if (first === undefined) break;
    // One by one, so that the bound of the view's own list does not count.
    messages = [...events.flatMap((event) => messagesOf(fold(EMPTY_VIEW, [event]))), ...messages];
    before = first.seq;
  }
  return messages.slice(-from.limit);
}
