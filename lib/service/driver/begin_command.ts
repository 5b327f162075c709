// From a begin frame to the command that begins its leaf: what a wait waits for is made of its arguments here.
import type { BeginLeaf } from "../../model/command.ts";
import { timestamp } from "../../model/ids.ts";
import type { AskArgs, BeginFrame } from "../../protocol/sandbox.ts";
import { digestOf } from "../digest.ts";

/** The last moment that a timestamp can name. */
const MAX_TIME_MS = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** The command that begins a leaf; `now` and `approval_id` are used by waits only. */
export function beginCommand(frame: BeginFrame, fresh: { now: number; approval_id: string }): BeginLeaf {
  const { key, scope, name, pos, kind, digest, policy } = frame;
  const base: BeginLeaf = { type: "begin_leaf", key, scope, name, pos, kind, digest, policy };
  switch (frame.kind) {
    case "step":
    case "model":
    case "exec":
    case "tool":
      return base;
    case "approve":
    case "ask":
      return { ...base, wait: approvalWait(frame.args, fresh.approval_id) };
    case "message": {
      const { timeout_s } = frame.args;
      const until = timeout_s === undefined ? {} : { until: timeAt(fresh.now + timeout_s * 1000) };
      return { ...base, wait: { on: "message", ...until } };
    }
    case "sleep":
      return { ...base, wait: { on: "timer", until: timeAt(frame.args.until_ms) } };
    default:
      return frame satisfies never;
  }
}

function approvalWait(args: AskArgs, approval_id: string): NonNullable<BeginLeaf["wait"]> {
  const { type, action, description, subject, allowed, modifications_schema, timeout_s, on_timeout, estimate } = args;
  return {
    on: "approval",
    approval_id,
    approval_type: type,
    allowed,
    ask: {
      action,
      description,
      context: subject,
      ...(modifications_schema === undefined ? {} : { modifications_schema }),
      ...(estimate === undefined ? {} : { estimate }),
    },
    // Of the host's own making: what people see must not rest on the word of a sandbox.
    approval_digest: digestOf({ type, subject, allowed }),
    ...(timeout_s === undefined ? {} : { timeout_s }),
    on_timeout,
  };
}

function timeAt(ms: number): string {
  return timestamp(Math.round(Math.min(Math.max(ms, 0), MAX_TIME_MS)));
}
