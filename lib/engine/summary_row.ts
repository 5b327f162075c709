// How a summary is stored: a short list of values, at most 400 bytes of JSON.
//
//   The order of the list is its format: new values are added at the end, with a default where they are missing.
//   Ids that are UUIDs are written in 22 characters, times as milliseconds since created_at, words as their place.
import * as z from "zod";
import { RunStatus } from "../model/run.ts";
import { SessionStatus, Wait } from "../model/session.ts";
import { MAX_SUMMARY_BYTES, type Summary } from "./summary.ts";

const WAIT_ON = Wait.unwrap().shape.on;
const ASKED = Wait.unwrap().shape.asked.unwrap().options;
const place = z.int().nonnegative();
const time = z.number();

/** A summary as it is stored. */
export const PackedSummary = z.tuple([
  /* session_id, name, mode */ z.string(),
  z.string(),
  z.string(),
  /* status, run_status */ place,
  place.nullable(),
  /* owner */ z.tuple([z.string(), z.string()]),
  /* pinned, needs_you, deadline */ z.union([z.literal(0), z.literal(1)]),
  z.int(),
  time.nullable(),
  /* wait: on, id, since, until, count (for `run`: the place of what was asked of it) */
  z.tuple([place, z.string().nullable(), time.nullable(), time.nullable(), z.int().nullable()]).nullable(),
  /* task_line, activity, current_phase, current_step */ z.string(),
  z.string().nullable(),
  z.string().nullable(),
  z.string().nullable(),
  /* progress */ z.tuple([z.int(), z.int(), z.string()]).nullable(),
  /* cost: usd, limit_usd, input, output, cached */
  z.tuple([z.number(), z.number().nullable(), z.int(), z.int(), z.int()]),
  /* created_at, then updated_at, last_active_at, expires_at */ time,
  time,
  time,
  time.nullable(),
  /* head_seq, version */ z.int(),
  z.int(),
]);
/** A summary as it is stored. */
export type PackedSummary = z.infer<typeof PackedSummary>;

/** Packs a summary for its row; one that `fitSummary` has not cut may be larger than the row's bound. */
export function packSummary(summary: Summary): PackedSummary {
  const zero = Date.parse(summary.created_at);
  const since = (at: string): number => Date.parse(at) - zero;
  const maybe = (at: string | null | undefined): number | null => at === null || at === undefined ? null : since(at);
  const { wait, progress, cost } = summary;
  return [
    packId(summary.session_id),
    summary.name,
    summary.mode,
    SessionStatus.options.indexOf(summary.status),
    summary.run_status === null ? null : RunStatus.options.indexOf(summary.run_status),
    [packId(summary.owner.id), summary.owner.name],
    summary.pinned ? 1 : 0,
    summary.needs_you,
    // The nearest deadline is what an `approval` wait waits for.
    wait?.on === "approval" ? null : maybe(summary.deadline),
    wait === null ? null : [
      WAIT_ON.options.indexOf(wait.on),
      wait.id === undefined ? null : packId(wait.id),
      maybe(wait.since),
      maybe(wait.until),
      wait.asked === undefined ? wait.count ?? null : ASKED.indexOf(wait.asked),
    ],
    summary.task_line,
    summary.activity,
    summary.current_phase,
    summary.current_step,
    progress === null ? null : [progress.done, progress.total, progress.unit],
    [micro(cost.usd), cost.limit_usd, cost.input_tokens, cost.output_tokens, cost.cached_input_tokens],
    zero,
    since(summary.updated_at),
    since(summary.last_active_at),
    maybe(summary.expires_at),
    summary.head_seq,
    summary.version,
  ];
}

function countOrAsked(on: number, value: number | null): { count?: number; asked?: (typeof ASKED)[number] } {
  if (value === null) return {};
  return WAIT_ON.options[on] === "run" ? { asked: word(ASKED, value) } : { count: value };
}

/** Reads a summary from its row. */
export function unpackSummary(row: PackedSummary): Summary {
  const [id, name, mode, status, runStatus, owner, pinned, needs_you, deadline, wait, ...rest] = row;
  const [task_line, activity, current_phase, current_step, progress, cost, zero, updated, active, ...last] = rest;
  const [expires, head_seq, version] = last;
  const at = (ms: number): string => new Date(zero + ms).toISOString();
  const until = wait?.[3] ?? null;
  const approval = wait !== null && WAIT_ON.options[wait[0]] === "approval";
  const nearest = approval ? until : deadline;
  return {
    session_id: unpackId(id),
    name,
    mode,
    status: word(SessionStatus.options, status),
    run_status: runStatus === null ? null : word(RunStatus.options, runStatus),
    owner: { id: unpackId(owner[0]), name: owner[1] },
    pinned: pinned === 1,
    needs_you,
    deadline: nearest === null ? null : at(nearest),
    wait: wait === null ? null : {
      on: word(WAIT_ON.options, wait[0]),
      ...(wait[1] === null ? {} : { id: unpackId(wait[1]) }),
      ...(wait[2] === null ? {} : { since: at(wait[2]) }),
      ...(wait[3] === null ? {} : { until: at(wait[3]) }),
      ...countOrAsked(wait[0], wait[4]),
    },
    task_line,
    activity,
    current_phase,
    current_step,
    progress: progress === null ? null : { done: progress[0], total: progress[1], unit: progress[2] },
    cost: {
      usd: cost[0],
      limit_usd: cost[1],
      input_tokens: cost[2],
      output_tokens: cost[3],
      cached_input_tokens: cost[4],
    },
    created_at: at(0),
    updated_at: at(updated),
    last_active_at: at(active),
    expires_at: expires === null ? null : at(expires),
    head_seq,
    version,
  };
}

/** Cuts the texts of a summary until its row fits into 400 bytes. */
export function fitSummary(summary: Summary): Summary {
  let fitted: Summary = { ...summary, cost: { ...summary.cost, usd: micro(summary.cost.usd) } };
  for (const cut of CUTS) {
    const excess = bytesOf(packSummary(fitted)) - MAX_SUMMARY_BYTES;
    if (excess <= 0) break;
    fitted = cut(fitted, excess);
  }
  return fitted;
}

/** What is cut, in this order: the name last but for absurd ids. */
const CUTS: readonly ((summary: Summary, excess: number) => Summary)[] = [
  (s, n) => ({ ...s, activity: shorter(s.activity, n) }),
  (s, n) => ({ ...s, current_step: shorter(s.current_step, n) }),
  (s, n) => ({ ...s, current_phase: shorter(s.current_phase, n) }),
  (s, n) => ({ ...s, task_line: shorter(s.task_line, n) ?? "" }),
  (s) => ({ ...s, wait: withoutId(s.wait) }),
  (s, n) => ({ ...s, name: shorter(s.name, n) ?? "…" }),
  (s, n) => ({ ...s, owner: { ...s.owner, name: shorter(s.owner.name, n) ?? "…" } }),
];

function withoutId(wait: Wait): Wait {
  if (wait === null) return null;
  const { id: _id, ...rest } = wait;
  return rest;
}

/** Takes at least `excess` bytes from a text, its end marked by "…"; null when hardly anything would be left. */
function shorter(text: string | null, excess: number): string | null {
  if (text === null) return null;
  const room = bytesOf(text) - 2 - excess - 3;
  if (room < 8) return null;
  let kept = "";
  let used = 0;
  for (const character of text) {
    used += bytesOf(character) - 2;
    if (used > room) break;
    kept += character;
  }
  return `${kept}…`;
}

const encoder = new TextEncoder();
function bytesOf(value: unknown): number {
  return encoder.encode(JSON.stringify(value)).length;
}

function micro(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}

function word<T extends string>(words: readonly T[], at: number): T {
  const found = words[at];
  if (found === undefined) throw new RangeError(`Cannot read summary: no word ${at}`);
  return found;
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** "~" marks a UUID in base64url; other ids stand as they are, a "~" at their start doubled. */
function packId(id: string): string {
  if (!UUID.test(id)) return id.startsWith("~") ? `~${id}` : id;
  const bytes = Uint8Array.fromHex(id.replaceAll("-", ""));
  return `~${bytes.toBase64({ alphabet: "base64url", omitPadding: true })}`;
}

function unpackId(packed: string): string {
  if (!packed.startsWith("~")) return packed;
  if (packed.startsWith("~~")) return packed.slice(1);
  const hex = Uint8Array.fromBase64(packed.slice(1), { alphabet: "base64url" }).toHex();
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}
