// Takeovers: which runs a server executed when it was lost, and how soon each went on at the other one.
//
//   TK1. Who executes what is read from the leases in the store; a run has gone on when its log says so after the loss.
//   TK2. The promise is 10 s. On a machine with more to do than processors it is stretched by as much. A run that was put
//        back and waits for a slot is taken over, and has no time; so has one whose last word was on its way at the loss.
import { keys } from "@/lib/store/keys.ts";
import { type Logged, runStatus } from "../log_rules.ts";
import type { Known, Memory } from "../memory.ts";

const PROMISED_MS = 10_000;
const LOOK_MS = 20;

/** Reads the sessions whose runs an instance executes. */
export async function leasedBy(store: string, instance: string): Promise<Set<string>> {
  using kv = await Deno.openKv(store);
  const sessions = new Set<string>();
  for await (const { value } of kv.list({ prefix: [...keys.leases()] as Deno.KvKey })) {
    const row = JSON.parse(typeof value === "string" ? value : new TextDecoder().decode(value as Uint8Array));
    if (row.instance === instance) sessions.add(row.session_id);
  }
  return sessions;
}

/** Waits until the runs of a server that was lost go on; milliseconds from the loss of each that was taken over. */
export async function takenOver(
  memory: Memory,
  of: { sessions: ReadonlySet<string>; lost_at: number; alive(): boolean; leased(): Promise<Set<string>> },
): Promise<number[]> {
  const { sessions, lost_at, alive, leased } = of;
  const left = new Set(memory.kept.filter((known) => known.ended === null && sessions.has(known.session_id)));
  const taken: number[] = [];
  const promised = PROMISED_MS * Math.max(1, (Deno.loadavg()[0] ?? 0) / navigator.hardwareConcurrency);
  for (; left.size > 0; await new Promise((resolve) => setTimeout(resolve, LOOK_MS))) {
    for (const known of left) {
      const went = wentOn(known, lost_at);
      if (went === null && known.ended === null && known.deleting === "no") continue;
      left.delete(known);
      if (went !== null) taken.push(went - lost_at);
    }
    // Both are lost: what goes on then is a start, and no takeover.
    if (!alive()) return taken;
    if (Date.now() - lost_at <= promised) continue;
    const held = await leased();
    for (const { session_id } of [...left].filter((known) => held.has(known.session_id))) {
      memory.breach(session_id, `said nothing for ${Math.round(promised)} ms after its server was lost`);
    }
    return taken;
  }
  return taken;
}

/** When a run went on after a time of day, or came to rest; null when it did not. */
function wentOn({ log }: Known, since: number): number | null {
  for (let at = log.length - 1; at >= 0; at--) {
    const event = JSON.parse(log[at] ?? "") as Logged & { timestamp: string };
    if (Date.parse(event.timestamp) < since) return null;
    const rests = ["waiting", "paused", "completed", "failed", "cancelled"].includes(runStatus([event]) ?? "");
    if (event.event_type === "workflow_resumed" || rests) return Date.parse(event.timestamp);
  }
  return null;
}
