// The gateway to a real model service: one turn, its answer mended where it must be, and every token counted.
//
//   G4. An answer that does not fit gets one try to be mended; its tokens count as well.
//   G5. A service that does not take a schema is asked in the next plainer form, and that is remembered.
//   G6. The key stands in no result.
// Leaves to the service: the budget, the journal, the log of the session. To repeat.ts: errors that may pass.
import { getLogger } from "@logtape/logtape";
import type { Message, ModelArgs, ModelResult } from "../protocol/sandbox.ts";
import type { Models } from "../service/ports.ts";
import type { Redactor } from "../service/redact.ts";
import { checkAnswer } from "./answer.ts";
import { FailureError } from "./failure.ts";
import { askRepeatedly, type Caller, type Line } from "./repeat.ts";
import type { Format, Reply } from "./request.ts";
import { Spent } from "./spent.ts";

const log = getLogger(["holdfast", "llm"]);
/** Tries to mend an answer that does not fit. */
const REPAIRS = 1;

interface Gateway extends Line {
  /** The form of answers that each model's service takes. */
  formats: Map<string, Format>;
}

/** Makes the gateway to a service; `model` is asked where a call names no other. */
export function createGateway(options: Omit<Line, "repeats"> & { model: string }): Models {
  const { model, ...line } = options;
  const gateway: Gateway = { ...line, repeats: 0, formats: new Map() };
  return {
    model,
    turn: (args, sink, signal) => takeTurn(gateway, { args, sink, signal }, args.model ?? model),
  };
}

async function takeTurn(gateway: Gateway, caller: Caller, model: string): Promise<ModelResult> {
  caller.signal.throwIfAborted();
  const { redactor } = gateway;
  const { args } = caller;
  const asked = { output: args.output ?? null, tools: args.tools ?? [] };
  const messages = withSchema(args);
  const spent = new Spent();
  for (let round = 0;; round++) {
    const reply = await askInForm(gateway, caller, { model, messages });
    spent.add(reply, messages);
    if (reply.finish === "content-filter") throw refused(redactor.text(reply.text), spent.result(model));
    const checked = checkAnswer(reply, asked);
    if (checked.ok) {
      return {
        text: redactor.text(reply.text),
        calls: checked.calls.map((call) => ({ ...call, args: redactor.json(call.args) })),
        finish: reply.finish,
        output: redactor.json(checked.output),
        usage: spent.result(model),
      };
    }
    if (round === REPAIRS) throw misfit(redactor, { why: checked.why, text: reply.text, usage: spent.result(model) });
    log.warn("llm.mend", { model, agent: args.agent });
    messages.push({ role: "assistant", content: reply.text }, { role: "user", content: mend(checked.why) });
  }
}

/** Asks in the best form that the service takes. */
async function askInForm(
  gateway: Gateway,
  caller: Caller,
  what: { model: string; messages: readonly Message[] },
): Promise<Reply> {
  const output = caller.args.output ?? null;
  const tools = caller.args.tools ?? [];
  for (;;) {
    const format = gateway.formats.get(what.model) ?? "schema";
    try {
      return await askRepeatedly(gateway, caller, { ...what, tools, output, format });
    } catch (error) {
      if (output === null || format === "words" || !refusesFormat(error)) throw error;
      const next = format === "schema" ? "object" : "words";
      log.info("llm.format", { model: what.model, format: next });
      gateway.formats.set(what.model, next);
    }
  }
}

/** Whether a service refused the form of the request rather than what is in it. */
function refusesFormat(error: unknown): boolean {
  return error instanceof FailureError && error.code === "http" && /\((400|404|415|422|501)\)/.test(error.message) &&
    /response_format|json_schema|json_object|structured output|guided|grammar/i.test(error.message);
}

/** The conversation, with the schema in words in its first message: not every service enforces one, or takes two. */
function withSchema(args: ModelArgs): Message[] {
  if (args.output === undefined) return [...args.messages];
  const words = `Answer with one JSON value that satisfies this JSON Schema, and with nothing else:\n${
    JSON.stringify(args.output)
  }`;
  const [first, ...rest] = args.messages;
  if (first?.role !== "system") return [{ role: "system", content: words }, ...args.messages];
  return [{ role: "system", content: `${first.content}\n\n${words}` }, ...rest];
}

function mend(why: string): string {
  return `Your answer cannot be used. ${why.slice(0, 2000)}\nAnswer again, whole and corrected, and with nothing else.`;
}

function misfit(redactor: Redactor, what: { why: string; text: string; usage: ModelResult["usage"] }): FailureError {
  const why = redactor.text(what.why).slice(0, 1000);
  const data = { usage: plain(what.usage), answer: redactor.text(what.text).slice(0, 2000) };
  return new FailureError("bad_output", `The model's answer cannot be used, also after a second try. ${why}`, data);
}

function refused(text: string, usage: ModelResult["usage"]): FailureError {
  const said = text.trim() === "" ? "" : `: ${text.trim().slice(0, 500)}`;
  return new FailureError("refused", `The model declined to answer${said}`, { usage: plain(usage) });
}

/** Usage as JSON: a note that is not there is no key. */
function plain({ note, ...usage }: ModelResult["usage"]) {
  return note === undefined ? usage : { ...usage, note };
}
