// Money and tokens of one run: reserved before a model is asked, so that branches at once cannot overspend together.
//
// What a call will cost is not known before; the dearest call of this run so far stands for it, and nothing before the
// first. So a limit may be passed by at most one call for each branch, and never again after.
import type { Cost, Usage } from "../../model/cost.ts";
import type { FailureData } from "../../model/journal.ts";

/** Bounds of a run; null is none. */
export interface BudgetLimits {
  readonly usd: number | null;
  readonly tokens: number | null;
}
/** What a call holds until it is counted. */
export interface Reservation {
  release(): void;
}
/** Money and tokens. */
export interface Spend {
  usd: number;
  tokens: number;
}

/** Reserves what model calls of one run may cost. */
export class Budget {
  readonly #limits: () => BudgetLimits;
  readonly #reserved = new Set<Spend>();
  #dearest: Spend = { usd: 0, tokens: 0 };

  /** `limits` are read anew for each call: a person may have raised them. */
  constructor(limits: () => BudgetLimits) {
    this.#limits = limits;
  }

  /** What one more call may take, and those that are on their way. */
  get next(): Spend {
    return [...this.#reserved].reduce((sum, one) => add(sum, one), this.#dearest);
  }

  /** Reserves one call, given what the run has used so far, or tells why it must not be made. */
  reserve(used: Cost): Reservation | { refused: FailureData } {
    const held = [...this.#reserved].reduce((sum, one) => add(sum, one), { usd: 0, tokens: 0 });
    const before = add({ usd: used.usd, tokens: tokensOf(used) }, held);
    const after = add(before, this.#dearest);
    const over = this.#over("usd", before.usd, after.usd) ?? this.#over("tokens", before.tokens, after.tokens);
    if (over !== null) return { refused: over };
    const mine = { ...this.#dearest };
    this.#reserved.add(mine);
    return { release: () => void this.#reserved.delete(mine) };
  }

  /** Learns what a call has cost. */
  counted(usage: Usage, usd: number): void {
    const spent = { usd, tokens: tokensOf(usage) };
    this.#dearest = {
      usd: Math.max(this.#dearest.usd, spent.usd),
      tokens: Math.max(this.#dearest.tokens, spent.tokens),
    };
  }

  #over(unit: "usd" | "tokens", before: number, after: number): FailureData | null {
    const limit = this.#limits()[unit];
    // A limit of nothing lets models answer that cost nothing.
    if (limit === null || (after <= limit && (before === 0 || before < limit))) return null;
    const used = unit === "usd" ? `$${before.toFixed(4)} of $${limit}` : `${before} of ${limit} tokens`;
    return { code: "budget", message: `Cannot ask the model: ${used} are used or reserved`, data: { unit, limit } };
  }
}

const tokensOf = (usage: Usage): number => usage.input_tokens + usage.output_tokens;
const add = (a: Spend, b: Spend): Spend => ({ usd: a.usd + b.usd, tokens: a.tokens + b.tokens });
