// Repeats a request while its errors may pass: 429, 5xx, network, silence.
//
//   G1. At most `attempts` requests in all, each after the time that the service asks for or a growing one; a wait longer
//       than `longest_wait_s` is not waited.
//   G2. Aborting ends it at once, with the caller's reason, also in the middle of a wait.
//   G3. The key stands in no error and no delta.
import { getLogger } from "@logtape/logtape";
import type { ModelArgs } from "../protocol/sandbox.ts";
import type { Clock, ModelSink } from "../service/ports.ts";
import { RedactedStream, type Redactor } from "../service/redact.ts";
import { type Again, FailureError } from "./failure.ts";
import { ask, type Reply, type Request, type Service } from "./request.ts";
import { startWatch } from "./watch.ts";

const log = getLogger(["holdfast", "llm"]);

/** Bounds of one turn. */
export interface GatewayLimits {
  /** Requests for one answer, the first included. */
  attempts: number;
  /** Seconds without a byte after which an answer counts as lost. */
  silence_s: number;
  /** Seconds that one answer may take. */
  answer_s: number;
  /** The first wait of a repeat without a time from the service; it doubles. */
  backoff_s: number;
  longest_wait_s: number;
}
/** The bounds where nothing else is said. */
export const GATEWAY_LIMITS: GatewayLimits = {
  attempts: 4,
  silence_s: 90,
  answer_s: 900,
  backoff_s: 1,
  longest_wait_s: 120,
};

/** What requests are made with. */
export interface Line {
  service: Service;
  clock: Clock;
  redactor: Redactor;
  limits: GatewayLimits;
  /** Repeats so far, of all turns. */
  repeats: number;
}
/** Whose request it is. */
export interface Caller {
  args: ModelArgs;
  sink: ModelSink;
  signal: AbortSignal;
}

async function once(line: Line, caller: Caller, request: Request): Promise<Reply> {
  const { redactor, clock, limits } = line;
  const shown = caller.args.show ?? caller.args.output === undefined;
  const stream = new RedactedStream(redactor);
  const tell = (text: string) => {
    if (shown && text !== "") caller.sink.delta(text);
  };
  const watch = startWatch(clock, { silence_s: limits.silence_s, total_s: limits.answer_s }, caller.signal);
  try {
    const reply = await ask(line.service, request, { watch, clock, onText: (text) => tell(stream.push(text)) });
    tell(stream.end());
    return reply;
  } catch (error) {
    if (!(error instanceof FailureError)) throw error;
    throw new FailureError(error.code, redactor.text(error.message), redactor.json(error.data), error.again);
  } finally {
    watch.close();
  }
}

/** Seconds to wait before the next request, or null when there is none. */
function waitFor(line: Line, again: Again | null, attempt: number): number | null {
  const { attempts, backoff_s, longest_wait_s } = line.limits;
  if (again === null || attempt >= attempts) return null;
  // Spreads the repeats of many turns over time without randomness: multiples of the golden ratio lie evenly.
  const spread = 0.75 + 0.5 * ((++line.repeats * 0.6180339887) % 1);
  const wait = again.after_s ?? backoff_s * 2 ** (attempt - 1) * spread;
  return wait <= longest_wait_s ? wait : null;
}

/** Asks until there is an answer. Throws the last FailureError, or the caller's reason. */
export async function askRepeatedly(line: Line, caller: Caller, request: Request): Promise<Reply> {
  for (let attempt = 1;; attempt++) {
    try {
      return await once(line, caller, request);
    } catch (error) {
      if (caller.signal.aborted) throw caller.signal.reason;
      if (!(error instanceof FailureError)) throw error;
      const wait_s = waitFor(line, error.again, attempt);
      if (wait_s === null) throw error;
      const { code, message } = error;
      log.warn("llm.retry", { model: request.model, attempt, code, wait_s });
      caller.sink.retry({ attempt: attempt + 1, code, message, wait_s });
      await line.clock.sleep(wait_s * 1000, caller.signal);
    }
  }
}
