// Words for questions about calls, rights and budgets: the buttons, and what each of them does.
//
//   GW1. "For this session" and "never" are said where they are meant: the exact host, file or call, in this session.
import type { Verb } from "../model/approval.ts";
import type { JsonObject } from "../model/json.ts";
import type { Approval } from "../protocol/rest.ts";

/** A button's word and what it does. */
export interface Words {
  readonly word: string;
  readonly does: string;
}
type Table = { readonly [V in Verb]?: Words };

/** The words of a question's buttons where they are other than usual. */
export function gateWords(approval: Pick<Approval, "approval_type" | "context" | "allowed">): Table {
  const subject: JsonObject = isObject(approval.context) ? approval.context : {};
  if (approval.approval_type === "tool_call") return callWords(subject);
  return approval.approval_type === "permission" ? rightWords(subject) : {};
}

function callWords(subject: JsonObject): Table {
  const tool = typeof subject["tool"] === "string" ? subject["tool"] : "the tool";
  return {
    approved: { word: "Allow once", does: `Calls ${tool} as it stands here, this one time.` },
    approved_session: {
      word: "Allow for this session",
      does: "Calls it, and does not ask again in this session for exactly this call.",
    },
    rejected: { word: "Reject", does: "Does not call it; the step that wanted it fails, with your feedback." },
  };
}

function rightWords(subject: JsonObject): Table {
  const right = subject["right"];
  if (right === "budget") {
    const unit = subject["unit"] === "usd" ? "money" : "tokens";
    return {
      approved: {
        word: "Raise the limit",
        does: `This run may use more ${unit}, up to the new limit. Later runs may not.`,
      },
      modified: {
        word: "Raise to this limit",
        does: `This run may use more ${unit}, up to the limit that you typed. Later runs may not.`,
      },
      rejected: { word: "Reject", does: "The limit stays; the call of the model fails." },
      rejected_always: {
        word: "Never in this session",
        does: "As Reject, and this is not asked again in this session.",
      },
    };
  }
  const what = subject["host"] ?? subject["path"];
  const name = typeof what === "string" ? what : "it";
  const step = right === "read" ? "read" : "reach";
  return {
    approved: { word: "Allow once", does: `This step may ${step} ${name}; the next one asks again.` },
    approved_session: { word: "Allow for this session", does: `Everything in this session may ${step} ${name}.` },
    rejected: { word: "Reject", does: "The step that wanted it fails, with your feedback." },
    rejected_always: {
      word: "Never in this session",
      does: `As Reject, and nobody is asked about ${name} again in this session.`,
    },
  };
}

/** What people call the fields of such a question. */
export const GATE_FIELDS: Readonly<Record<string, string>> = {
  host: "Host",
  path: "File",
  url: "Address",
  method: "Method",
  limit: "Limit now",
  raise_to: "Limit after a yes",
};

/** The fields of a question about a right, in plain words; null when it is none. */
export function gateFields(approval: Pick<Approval, "approval_type" | "context">): [string, string][] | null {
  const subject = approval.context;
  if (approval.approval_type !== "permission" || !isObject(subject) || typeof subject["right"] !== "string") {
    return null;
  }
  const unit = subject["unit"] === "usd" ? (n: number) => `$${n}` : (n: number) => `${n.toLocaleString("en")} tokens`;
  return Object.entries(GATE_FIELDS).flatMap(([key, label]): [string, string][] => {
    const value = subject[key];
    if (typeof value === "string") return [[label, value]];
    return typeof value === "number" ? [[label, unit(value)]] : [];
  });
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
