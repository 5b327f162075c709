// A sum of money or tokens that a person types in the place of the one that a question proposes.
//
//   SE1. The bounds are those of the question's schema; what does not fit is said in the unit, before it is sent.
import type { Json, JsonObject } from "../model/json.ts";
import type { Approval } from "../protocol/rest.ts";

/** The new limit of a budget, as it may be typed. */
export interface SumEdit {
  readonly unit: "usd" | "tokens";
  /** The limit as it is. */
  readonly limit: number;
  /** What is proposed. */
  readonly proposed: number;
  readonly least: number;
  readonly most: number;
}

/** Reads what a question about a budget lets a person type; null for every other question. */
export function sumEditOf(approval: Pick<Approval, "context" | "modifications_schema">): SumEdit | null {
  const { context, modifications_schema: schema } = approval;
  if (!isObject(context) || context["right"] !== "budget") return null;
  const properties = schema?.["properties"];
  const sum = isObject(properties) ? properties["raise_to"] : undefined;
  const { unit, limit, raise_to: proposed } = context;
  if (!isObject(sum) || typeof limit !== "number" || typeof proposed !== "number") return null;
  const { minimum: least, maximum: most } = sum;
  if (typeof least !== "number" || typeof most !== "number") return null;
  return { unit: unit === "usd" ? "usd" : "tokens", limit, proposed, least, most };
}

/** A sum in its unit. */
export function sumWords(unit: SumEdit["unit"], n: number): string {
  const written = n.toLocaleString("en", { maximumFractionDigits: 4 });
  return unit === "usd" ? `$${written}` : `${written} tokens`;
}

/** What was typed as a number; null when it is none. */
export function typedSum(text: string): number | null {
  const written = text.trim().replace(/^\$/, "");
  return /^\d+(\.\d+)?$/.test(written) ? Number(written) : null;
}

/** Why a sum cannot be sent; null when it can. */
export function sumComplaint(edit: SumEdit, text: string): string | null {
  const sum = typedSum(text);
  if (sum === null) return "The new limit is not a number";
  if (edit.unit === "tokens" && !Number.isInteger(sum)) return "Tokens are whole: leave the fraction out";
  if (sum < edit.least) return `Too little for the next call: at least ${sumWords(edit.unit, edit.least)}`;
  return sum > edit.most ? `Too much: at most ${sumWords(edit.unit, edit.most)}` : null;
}

/** Whether another sum was typed than the one that is proposed. */
export function isOtherSum(edit: SumEdit, text: string): boolean {
  return typedSum(text) !== edit.proposed;
}

/** What is sent beside `approved`: another sum, or nothing for the one that is proposed. */
export function sumModifications(edit: SumEdit, text: string): Json | undefined {
  return isOtherSum(edit, text) ? { raise_to: typedSum(text) } : undefined;
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
