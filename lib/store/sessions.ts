// Sessions by their id. Lists are lib/store/summaries.ts.
import type { SessionState } from "../engine/state.ts";
import { Head } from "../model/session.ts";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { loadState } from "./load.ts";
import { decodeRow } from "./mutation.ts";

/** Reads of a session that is being written are repeated this often for one that no commit tore apart. */
const TRIES = 5;

/** Reads sessions. */
export interface Sessions {
  /** The session as it is durable now; its head alone when it is deleted, ABSENT when it is unknown. */
  state(session_id: string): Promise<SessionState>;
  /** Null when it is unknown or deleted. */
  head(session_id: string): Promise<Head | null>;
}

/** Makes the reader of sessions. */
export function createSessions(kv: Kv): Sessions {
  return {
    async state(session_id) {
      for (let tries = 1;; tries++) {
        const { state, stamp } = await loadState(kv, session_id);
        if (tries >= TRIES) return state;
        if ((await kv.get(keys.head(session_id))).versionstamp === stamp) return state;
      }
    },
    head: (session_id) => readHead(kv, session_id),
  };
}

/** Reads the head of a session that is there; null when it is unknown or deleted. */
export async function readHead(kv: Kv, session_id: string): Promise<Head | null> {
  const head = decodeRow(Head, await kv.get(keys.head(session_id)));
  return head === null || head.deleted ? null : head;
}
