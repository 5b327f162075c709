// Commands: the only way in. A click, a CLI call, a timer and a sandbox's frame are all Commands of a Principal.
//
// Every id and random value that a decision needs comes with the command, so that deciding stays pure.
// Leaves to lib/engine/decide.ts: what each does; to lib/protocol: how clients write them.
import type { Json, JsonObject } from "./json.ts";
import type { Usage } from "./cost.ts";
import type { CancelStage, QueueReason, RunError } from "./run.ts";
import type { ApprovalAsk, ApprovalType, OnTimeout, Verb } from "./approval.ts";
import type { FailureData, LeafKind, Place, Policy } from "./journal.ts";
import type { EventDraft } from "./event.ts";
import type { Right } from "./right.ts";

/** What a new session is made of. */
export interface NewSession {
  session_id: string;
  mode: string;
  config: JsonObject;
  name: string;
}
/** What a new run is made of; `start_digest` is SHA-256 of task, config and the session named, the key of the start. */
export interface NewRun {
  run_id: string;
  task: string;
  config: JsonObject;
  start_digest: string;
  /** Config keys that MARS's door dropped. */
  ignored_config?: string[];
  retry_of?: string;
  retry_from?: string;
}

/** What people and clients say. */
export type UserCommand =
  | { type: "create_session"; session: NewSession; run?: NewRun }
  | { type: "start_run"; run: NewRun }
  | { type: "update_session"; name?: string; pinned?: boolean; version: number }
  | { type: "suspend_session"; now: boolean }
  | { type: "resume_session" }
  | { type: "delete_session" }
  | { type: "take_back_answer"; approval_id: string }
  | { type: "cancel_run"; run_id: string }
  | { type: "pause_run"; run_id: string; now: boolean }
  | { type: "resume_run"; run_id: string }
  | { type: "send_message"; run_id: string; message_id: string; content: string }
  | {
    type: "resolve_approval";
    approval_id: string;
    resolution: Verb;
    feedback: string | null;
    modifications: Json | undefined;
    /** SHA-256 of the canonical answer, made by the caller. */
    answer_digest: string;
  };

/**
 * What timers, scheduler and recovery of an instance say. `fence` names the sandbox that the command is about: nothing
 * happens when the run is executed under another one by now; null is a run that nobody executes.
 */
export type SystemCommand =
  /** queued -> running: slot, lease; the next fence unless this instance still holds the sandbox of `held_fence`. */
  | { type: "claim_run"; run_id: string; held_fence?: number }
  /** running -> queued without a loss (drain), or with one (takeover); `progress` tells whether the sandbox executed. */
  | { type: "requeue_run"; run_id: string; fence: number; reason: QueueReason; loss: boolean; why?: string }
  /** The sandbox is over after cancel or pause was asked: the run becomes cancelled or paused. */
  | { type: "settle_run"; run_id: string; fence: number | null }
  | { type: "fail_run"; run_id: string; fence: number | null; error: RunError }
  | { type: "cancel_progress"; run_id: string; fence: number; stage: CancelStage }
  | { type: "expire_approval"; approval_id: string }
  | { type: "fire_timer"; run_id: string; key: string }
  | { type: "expire_session" };

/** A question of the host in front of a leaf, or in the middle of its attempt. */
export interface GateAsk {
  approval_id: string;
  approval_type: ApprovalType;
  allowed: Verb[];
  ask: ApprovalAsk;
  approval_digest: string;
  timeout_s?: number;
  on_timeout: OnTimeout;
  right: Right;
}

/** The leaf that begins. */
export interface BeginLeaf {
  type: "begin_leaf";
  key: string;
  scope: string;
  name: string;
  pos: number;
  kind: LeafKind;
  digest: string;
  policy: Policy;
  /** What a person must allow before it begins. */
  gate?: GateAsk;
  /** What a wait waits for. */
  wait?:
    | {
      on: "approval";
      approval_id: string;
      approval_type: ApprovalType;
      allowed: Verb[];
      ask: ApprovalAsk;
      approval_digest: string;
      timeout_s?: number;
      on_timeout: OnTimeout;
    }
    | { on: "timer"; until: string }
    | { on: "message"; until?: string };
}

/** One thing said, with its place. */
export interface SaidItem {
  scope: string;
  place: Place;
  say:
    | { what: "event"; draft: EventDraft }
    | { what: "memory"; key: string; value: Json }
    | { what: "skip"; id: string; title: string; reason: string };
}

/** A file that a leaf made or changed. */
export interface FileChange {
  path: string;
  file_type: string;
  size_bytes: number;
  created: boolean;
}

/** What the host says for the sandbox of a run, as principal `run`, with its fence. */
export type RunCommand =
  /** The first command of a sandbox: workflow_started or workflow_resumed. */
  | {
    type: "begin_run";
    workflow_version: number;
    source_digest: string;
    model: string;
    work_dir: string;
    reused_steps: number;
    /** What it began with, where that was not now: a retry begins with what the run began with whose entries it keeps. */
    began_with?: { workflow_version: number; source_digest: string };
  }
  /** What the workflow's schema made of the config at the first start. */
  | { type: "keep_config"; config: JsonObject }
  | BeginLeaf
  | {
    type: "end_leaf";
    key: string;
    result: { ok: true; value: Json } | { ok: false; failure: FailureData };
    files: FileChange[];
  }
  /** The attempt of a leaf ended because it wants a right: it is not counted, and the leaf begins again when it has it. */
  | { type: "gate_leaf"; key: string; gate: GateAsk }
  /** A failed attempt that will be repeated after `backoff_s`. */
  | { type: "retry_leaf"; key: string; failure: FailureData; backoff_s: number; max_attempts: number }
  | {
    type: "begin_scope";
    key: string;
    parent: string;
    pos: number;
    kind: "group" | "map" | "all" | "branch";
    id: string;
    title: string;
    step_id: string;
    attempt: number;
    total?: number;
  }
  | { type: "end_scope"; key: string; status: "done" | "failed" | "dropped"; error?: string; reused?: true }
  | { type: "say"; items: SaidItem[] }
  /** Events with no place of their own: raw output of an exec, deltas of a model turn. Redacted by the host before. */
  | { type: "report"; events: EventDraft[]; output_bytes: number }
  | { type: "record_cost"; key: string; agent: string; model: string; usage: Usage; cost_usd: number }
  /** Every branch stands in a wait; `settled` is the n of the last entry that the sandbox has settled. */
  | { type: "all_waiting"; settled: number }
  /** A step boundary while a pause is asked. */
  | { type: "at_boundary" }
  | { type: "finish_run"; result: { ok: true; value: Json } | { ok: false; error: RunError } };

/** Everything that can be said to a session. */
export type Command = UserCommand | SystemCommand | RunCommand;
/** The name of a command. */
export type CommandType = Command["type"];
