// Replaces secrets in what a command carries, before it is decided: texts and values, never keys, names of fields or ids.
import type { ApprovalAsk } from "../model/approval.ts";
import type { Command, SaidItem } from "../model/command.ts";
import type { EventDraft } from "../model/event.ts";
import type { FailureData } from "../model/journal.ts";
import type { JsonObject } from "../model/json.ts";
import type { RunError } from "../model/run.ts";
import type { Redactor } from "./redact.ts";

/** The same command without secrets. */
export function redactCommand(command: Command, redactor: Redactor): Command {
  if (redactor.longest === 0) return command;
  switch (command.type) {
    case "create_session": {
      const session = { ...command.session, name: redactor.text(command.session.name) };
      const run = command.run && { ...command.run, task: redactor.text(command.run.task) };
      return { ...command, session, ...(run ? { run } : {}) };
    }
    case "start_run":
      return { ...command, run: { ...command.run, task: redactor.text(command.run.task) } };
    case "update_session":
      return command.name === undefined ? command : { ...command, name: redactor.text(command.name) };
    case "send_message":
      return { ...command, content: redactor.text(command.content) };
    case "resolve_approval":
      return {
        ...command,
        feedback: command.feedback === null ? null : redactor.text(command.feedback),
        modifications: command.modifications === undefined ? undefined : redactor.json(command.modifications),
      };
    case "fail_run":
      return { ...command, error: runError(command.error, redactor) };
    default:
      return redactRun(command, redactor);
  }
}

function redactRun(command: Command, redactor: Redactor): Command {
  switch (command.type) {
    case "begin_leaf": {
      const { wait, gate } = command;
      if (gate !== undefined) return { ...command, gate: { ...gate, ask: asked(gate.ask, redactor) } };
      return wait?.on === "approval" ? { ...command, wait: { ...wait, ask: asked(wait.ask, redactor) } } : command;
    }
    case "gate_leaf":
      return { ...command, gate: { ...command.gate, ask: asked(command.gate.ask, redactor) } };
    case "end_leaf":
      return command.result.ok
        ? { ...command, result: { ok: true, value: redactor.json(command.result.value) } }
        : { ...command, result: { ok: false, failure: failure(command.result.failure, redactor) } };
    case "retry_leaf":
      return { ...command, failure: failure(command.failure, redactor) };
    case "begin_scope":
      return { ...command, title: redactor.text(command.title) };
    case "end_scope":
      return command.error === undefined ? command : { ...command, error: redactor.text(command.error) };
    case "say":
      return { ...command, items: command.items.map((item) => said(item, redactor)) };
    case "report":
      return { ...command, events: command.events.map((event) => redactEvent(event, redactor)) };
    case "finish_run":
      return command.result.ok
        ? { ...command, result: { ok: true, value: redactor.json(command.result.value) } }
        : { ...command, result: { ok: false, error: runError(command.result.error, redactor) } };
    default:
      return command;
  }
}

function asked(ask: ApprovalAsk, redactor: Redactor): ApprovalAsk {
  const texts = { action: redactor.text(ask.action), description: redactor.text(ask.description) };
  return { ...ask, ...texts, context: redactor.json(ask.context) };
}

function said(item: SaidItem, redactor: Redactor): SaidItem {
  const { say } = item;
  switch (say.what) {
    case "event":
      return { ...item, say: { ...say, draft: redactEvent(say.draft, redactor) } };
    case "memory":
      return { ...item, say: { ...say, value: redactor.json(say.value) } };
    case "skip":
      return { ...item, say: { ...say, title: redactor.text(say.title), reason: redactor.text(say.reason) } };
    default:
      return say satisfies never;
  }
}

function redactEvent(event: EventDraft, redactor: Redactor): EventDraft {
  // Nearly all of what is reported; its fields are known, so that only what may be long has to be looked at.
  if (event.event_type === "output") return redactOutput(event, redactor);
  const data: JsonObject = event.data as JsonObject;
  const redacted = redactor.json(data);
  return redacted === data ? event : { ...event, data: redacted } as EventDraft;
}

function redactOutput(
  event: Extract<EventDraft, { event_type: "output" }>,
  redactor: Redactor,
): EventDraft {
  const { data } = event;
  const message = redactor.text(data.message);
  const source = redactor.text(data.source);
  return message === data.message && source === data.source ? event : { ...event, data: { ...data, message, source } };
}

function failure(data: FailureData, redactor: Redactor): FailureData {
  const message = redactor.text(data.message);
  return data.data === undefined ? { ...data, message } : { ...data, message, data: redactor.json(data.data) };
}

function runError(error: RunError, redactor: Redactor): RunError {
  const message = redactor.text(error.message);
  return error.traceback === undefined
    ? { ...error, message }
    : { ...error, message, traceback: redactor.text(error.traceback) };
}
