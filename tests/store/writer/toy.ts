// A small session for tests of the writer: it remembers, in order, which commands were applied to it.
import { z } from "zod";
import type { EventDraft } from "@/lib/model/event.ts";
import { keys } from "@/lib/store/keys.ts";
import { decodeRow, deleteRow, type Key, type Mutation, setRow } from "@/lib/store/mutation.ts";
import type { Aggregate, Verdict } from "@/lib/store/writer/types.ts";

/** The state of a toy session. */
export interface Toy {
  readonly head: { head_seq: number; fence: number; deleted?: true | undefined };
  readonly ops: readonly string[];
}

const Head = z.strictObject({ head_seq: z.int(), fence: z.int(), deleted: z.literal(true).optional() });
const Ops = z.array(z.string());

/** A toy session that does not exist. */
export const NO_TOY: Toy = { head: { head_seq: 0, fence: 0 }, ops: [] };

/** The rows of a toy session. */
export const toyAggregate: Aggregate<Toy> = {
  async load(kv, session_id) {
    const head = await kv.get(keys.head(session_id));
    const ops = await kv.get(keys.session(session_id));
    return {
      state: { head: decodeRow(Head, head) ?? NO_TOY.head, ops: decodeRow(Ops, ops) ?? [] },
      stamp: head.versionstamp,
    };
  },
  diff(session_id, before, after): Mutation[] {
    const rows = [setRow(keys.head(session_id), after.head)];
    if (before.ops !== after.ops) rows.push(setRow(keys.session(session_id), after.ops));
    if (after.head.deleted) {
      return [...rows, deleteRow(keys.gate(session_id)), setRow(keys.trash(session_id), {})];
    }
    if (this.phase(before) === "absent" || before.head.fence !== after.head.fence) {
      rows.push(setRow(keys.gate(session_id), after.head.fence));
    }
    return rows;
  },
  headSeq: (state) => state.head.head_seq,
  withHeadSeq: (state, head_seq) => ({ ...state, head: { ...state.head, head_seq } }),
  phase(state) {
    if (state.head.deleted) return "deleted";
    return state.head.head_seq === 0 ? "absent" : "alive";
  },
};

/** What a command does. */
export type What = "add" | "claim" | "look" | "look_out" | "start" | "bulky" | "delete";
/** The state, and the outside row, that a refusal saw. */
export interface Snapshot {
  ops: readonly string[];
  out: [string, number] | null;
}
/** What a toy answers. */
export type Reply = { ok: true } | { ok: false; snapshot: Snapshot };

/** A command to a toy. */
export interface ToyCommand {
  op: string;
  what: What;
  fence: number | null;
  out: { id: string; key: Key } | null;
  outside: readonly Deno.KvEntryMaybe<unknown>[];
}

/** The number in an outside row. */
export function numberOf(entry: { value: unknown } | undefined): number {
  return entry?.value instanceof Uint8Array ? JSON.parse(new TextDecoder().decode(entry.value)) : 0;
}

/** What a command does to a toy. */
export function decideToy(state: Toy, command: ToyCommand): Verdict<Toy, Reply> {
  const { op, what, out } = command;
  const value = out ? numberOf(command.outside[0]) : 0;
  const refused = {
    commit: false,
    reply: { ok: false, snapshot: { ops: state.ops, out: out ? [out.id, value] : null } },
  } as const;
  if (state.head.deleted || what === "look" || what === "look_out") return refused as Verdict<Toy, Reply>;
  if (command.fence !== null && command.fence !== state.head.fence) return refused as Verdict<Toy, Reply>;
  if (what === "delete" && state.head.head_seq === 0) return refused as Verdict<Toy, Reply>;
  const event = (part: number, message: string): EventDraft => ({
    event_type: "warning",
    run_id: null,
    data: { code: `${op}|${part}|${out && part === 0 ? `${out.id}:${value}` : ""}`, message },
  });
  const started = what === "start";
  return {
    commit: true,
    state: {
      head: {
        ...state.head,
        fence: state.head.fence + (started ? 1 : 0),
        ...(what === "delete" ? { deleted: true as const } : {}),
      },
      ops: [...state.ops, started ? `${op}!` : op],
    },
    events: what === "bulky"
      ? [event(0, op.repeat(30_000))]
      : [event(0, "a"), event(1, "b")].slice(0, 1 + op.length % 2),
    ...(out ? { rows: [setRow(out.key, value + 1)] } : {}),
    reply: { ok: true },
  };
}
