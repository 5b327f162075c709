// How the host words its questions: for a call of a tool, for a right, for more of a budget.
//
//   Q1. The digest is of the host's own making and covers what is asked, whatever the texts say.
//   Q2. "For this session" is offered where it can be meant: not for money, which nobody allows without an end.
//   Q3. A budget may be raised to another sum than the one that is proposed: enough for the call that waits, and no more
//       than a config may say.
import { type Budget, budgets, leastLimit, raisedLimit } from "../../engine/rules/costs.ts";
import type { Verb } from "../../model/approval.ts";
import type { GateAsk } from "../../model/command.ts";
import { MAX_COST_USD, MAX_TOKENS } from "../../model/config.ts";
import { targetOf, warningOf } from "../../model/host_name.ts";
import type { JsonObject } from "../../model/json.ts";
import type { RunRecord } from "../../model/run.ts";
import type { BeginFrame, ToolArgs } from "../../protocol/sandbox.ts";
import { digestOf } from "../digest.ts";
import { toolSchema } from "./tool_schemas.ts";
import { toJson, type Wish } from "./leaf.ts";

type ToolFrame = Extract<BeginFrame, { kind: "tool" }>;

/** As much as a config may say. */
const MOST = { usd: MAX_COST_USD, tokens: MAX_TOKENS } as const;
const FOR_CALLS: Verb[] = ["approved", "approved_session", "rejected", "modified"];
const FOR_RIGHTS: Verb[] = ["approved", "approved_session", "rejected", "rejected_always"];
const FOR_BUDGETS: Verb[] = ["approved", "rejected", "rejected_always"];

/** The digest of a question about exactly this call. */
export function callDigest({ tool, ...args }: ToolArgs): string {
  return digestOf({ type: "tool_call", subject: { tool, args: toJson(args) }, verbs: FOR_CALLS });
}

/** The question before a tool is used, as its workflow wants it asked. */
export function callGate(frame: ToolFrame, approval_id: string): GateAsk {
  const { gate = {}, args: { tool, ...args } } = frame;
  const context: JsonObject = { tool, args: toJson(args) };
  const approval_digest = callDigest(frame.args);
  const { title, description, timeout_s, on_timeout = "reject" } = gate;
  return {
    approval_id,
    approval_type: "tool_call",
    allowed: FOR_CALLS,
    ask: {
      action: title ?? callTitle(frame.args),
      description: description ?? "",
      context,
      modifications_schema: toolSchema(tool),
    },
    approval_digest,
    on_timeout,
    ...(timeout_s === undefined ? {} : { timeout_s }),
    right: { kind: "call", what: approval_digest },
  };
}

function callTitle(args: ToolArgs): string {
  switch (args.tool) {
    case "files_list":
      return "List the session's files";
    case "files_read":
      return short(`Read the file ${args.path}`);
    case "files_write":
      return short(`Write the file ${args.path}`);
    case "fetch": {
      const to = targetOf(args.url);
      return short(
        `${args.method === "POST" ? "Send data to" : "Fetch from"} ${typeof to === "string" ? args.url : to.what}`,
      );
    }
    default:
      return args satisfies never;
  }
}

/** The question for a right. */
export function rightGate(wish: Wish, approval_id: string): GateAsk {
  const { right, action, description, about, cost_usd, modifications_schema } = wish;
  const allowed = right.kind === "budget" ? FOR_BUDGETS : FOR_RIGHTS;
  const context: JsonObject = { right: right.kind, ...about };
  return {
    approval_id,
    approval_type: "permission",
    allowed,
    ask: {
      action: short(action),
      description,
      context,
      ...(modifications_schema === undefined ? {} : { modifications_schema }),
      ...(cost_usd === undefined ? {} : { estimate: { cost_usd } }),
    },
    approval_digest: digestOf({ type: "permission", subject: context, verbs: allowed }),
    on_timeout: "reject",
    right,
  };
}

/** The wish of a `fetch` for its host. */
export function fetchWish(args: Extract<ToolArgs, { tool: "fetch" }>, host: string, redirected: boolean): Wish {
  const { url, method = "GET" } = args;
  const lines = [
    redirected
      ? `${short(url)} leads on to ${host}.`
      : `It wants to ${method === "GET" ? "read" : "send data to"} ${short(url)}.`,
    ...(redirected
      ? ["The answer so far is thrown away; after a yes the request is made again from its beginning."]
      : []),
    ...extra(host),
  ];
  return {
    right: { kind: "net", what: host },
    action: `Reach ${host}`,
    description: lines.join(" "),
    about: { host, url, method },
  };
}

/** The wish of code that was stopped for want of a host or a file. */
export function execWish(right: { kind: "net" | "read"; what: string }, source: string): Wish {
  const { kind, what } = right;
  const restart = "It was stopped there. After a yes it begins again at its top; files that it has written stay.";
  const asks = kind === "net"
    ? [
      `The code of "${source}" wants to reach ${what}.`,
      "The server fetches for it, and nothing else of the network opens.",
    ]
    : [`The code of "${source}" wants to read ${what}, which is not in the session's folder.`];
  const lines = [...asks, restart, ...(kind === "net" ? extra(what) : [])];
  const about: JsonObject = kind === "net" ? { host: what } : { path: what };
  return { right, action: `${kind === "net" ? "Reach" : "Read"} ${what}`, description: lines.join(" "), about };
}

const extra = (host: string): string[] => {
  const warning = warningOf(host);
  return warning === null ? [] : [warning];
};

/** The wish for more money or tokens; null when no limit stands in the way. `next` is what one more call may take. */
export function budgetWish(run: RunRecord, next: { usd: number; tokens: number }): Wish | null {
  const near = budgets(run).find(({ used, limit, unit }) => (used > 0 && used >= limit) || used + next[unit] > limit);
  if (near === undefined) return null;
  const { unit, limit, used } = near;
  const raise_to = raisedLimit(near, next[unit]);
  const amount = (n: number) => unit === "usd" ? `$${Number(n.toFixed(4))}` : `${n.toLocaleString("en")} tokens`;
  const more = next[unit] > 0
    ? ` The next call of the model may take about ${amount(next[unit])}, as much as the dearest so far.`
    : "";
  return {
    right: { kind: "budget", what: `${unit} ${raise_to}`, from: limit },
    action: `Raise the limit of this run from ${amount(limit)} to ${amount(raise_to)}`,
    description: `${amount(used)} of ${amount(limit)} are used.${more} Without a yes this call fails.`,
    about: { unit, limit, raise_to },
    modifications_schema: sumSchema(near, next[unit], raise_to),
    cost_usd: next.usd,
  };
}

/** The new sum as a person may type it. */
function sumSchema(budget: Budget, next: number, raise_to: number): JsonObject {
  const { unit } = budget;
  const sum = {
    type: unit === "usd" ? "number" : "integer",
    description: unit === "usd" ? "The new limit of this run, in US dollars" : "The new limit of this run, in tokens",
    minimum: Math.min(leastLimit(budget, next), raise_to),
    maximum: Math.max(MOST[unit], raise_to),
    default: raise_to,
  };
  return { type: "object", properties: { raise_to: sum }, required: ["raise_to"], additionalProperties: false };
}

function short(text: string): string {
  return text.length <= 300 ? text : `${text.slice(0, 299)}…`;
}
