// What the leaves of one run may reach beyond their folder: by config, by standing answers of the session, by the answers
// to their own gates. And what stands before a leaf that may not yet.
//
//   R1. Only a yes of a person, or what the session was started with, opens anything.
//   R2. A yes to a call is a yes to the host of exactly that call, as it was changed by whoever said it.
//   R3. An attempt keeps what was open to it when it began: an answer that is taken back counts from the next one on.
import { gatesOf } from "../../engine/open.ts";
import { YES } from "../../model/approval.ts";
import type { SessionState } from "../../engine/state.ts";
import type { GateAsk } from "../../model/command.ts";
import { covers, targetOf } from "../../model/host_name.ts";
import { Answer } from "../../model/approval.ts";
import type { JournalEntry } from "../../model/journal.ts";
import type { Json } from "../../model/json.ts";
import type { RunRecord } from "../../model/run.ts";
import { type BeginFrame, ToolArgs } from "../../protocol/sandbox.ts";
import type { Ids, Reach } from "../ports.ts";
import { budgetWish, callDigest, callGate, fetchWish, rightGate } from "./gate_asks.ts";

/** What a run was granted when it was started. */
export interface Grants {
  readonly read: readonly string[];
  readonly net: readonly string[];
}

/** What rights rest on. */
export interface RightsParts {
  readonly grants: Grants;
  readonly reach: Reach;
  readonly ids: Ids;
  /** The state as the driver has seen it last. */
  state(): SessionState;
  /** A value whole. */
  resolve(value: Json): Promise<Json>;
}

/** The rights of one run. */
export class Rights {
  readonly #parts: RightsParts;

  constructor(parts: RightsParts) {
    this.#parts = parts;
  }

  /** Files and folders that a leaf may read. */
  reads(key: string): string[] {
    return [...new Set([...this.#parts.grants.read, ...this.#answered(key, "read")])];
  }

  /** Whether any host is open to a leaf. */
  anyHost(key: string): boolean {
    return this.#parts.grants.net.length > 0 || this.#answered(key, "net").length > 0;
  }

  /** Whether a host is open to a leaf. */
  host(key: string, host: string): boolean {
    return this.#parts.grants.net.some((grant) => covers(grant, host)) || this.#answered(key, "net").includes(host);
  }

  /** Which hosts are open to an attempt that begins now: these, and what is opened while it is at work. */
  hostsFor(key: string): (host: string) => boolean {
    const begun = new Set(this.#answered(key, "net"));
    return (host) => begun.has(host) || this.host(key, host);
  }

  /** The arguments of a tool as a person changed them, or as its code gave them. */
  async argsOf(key: string, args: ToolArgs): Promise<{ args: ToolArgs; allowed: boolean }> {
    const call = this.#yes(key).findLast((gate) => gate.right?.kind === "call");
    if (call?.status !== "done") {
      const grants = this.#parts.state().session?.grants ?? [];
      const what = callDigest(args);
      return { args, allowed: grants.some((one) => one.kind === "call" && one.allowed && one.what === what) };
    }
    const answer = Answer.parse(await this.#parts.resolve(call.value));
    if (!answer.edited || typeof answer.value !== "object" || answer.value === null) return { args, allowed: true };
    return { args: ToolArgs.parse({ ...answer.value, tool: args.tool }), allowed: true };
  }

  /** What a person must allow before a leaf begins. */
  gate(frame: BeginFrame): GateAsk | undefined {
    if (frame.kind !== "tool") return undefined;
    const { reach, ids } = this.#parts;
    const target = frame.args.tool === "fetch" ? targetOf(frame.args.url) : null;
    // Nobody is asked for what cannot be: the attempt says why.
    if (typeof target === "string") return undefined;
    const closed = target !== null && !this.host(frame.key, target.what);
    if (closed && reach.mayAskHost(target.what) !== null) return undefined;
    if (frame.gate !== undefined) return callGate(frame, ids.uuid());
    if (!closed || frame.args.tool !== "fetch") return undefined;
    return rightGate(fetchWish(frame.args, target.what, false), ids.uuid());
  }

  #yes(key: string): JournalEntry[] {
    const { approvals } = this.#parts.state();
    return gatesOf(this.#parts.state(), key).filter((gate) => {
      const row = gate.approval_id === undefined ? undefined : approvals.get(gate.approval_id);
      const said = row?.status === "resolved" || row?.status === "expired" ? row.resolution : null;
      return gate.status === "done" && said !== null && YES.has(said);
    });
  }

  #answered(key: string, kind: "net" | "read"): string[] {
    const standing = this.#parts.state().session?.grants ?? [];
    const own = this.#yes(key).flatMap(({ right }) => right?.kind === kind ? [right.what] : []);
    return [...standing.filter((grant) => grant.kind === kind && grant.allowed).map(({ what }) => what), ...own];
  }
}

/** The question for more of a budget that is used up. */
export function budgetGate(run: RunRecord, next: { usd: number; tokens: number }, ids: Ids): GateAsk | undefined {
  const wish = budgetWish(run, next);
  return wish === null ? undefined : rightGate(wish, ids.uuid());
}
