// A gateway against a server that a test scripts, and what its turns told.
import { assertEquals, assertInstanceOf, fail } from "@std/assert";
import type { ModelArgs, ModelResult } from "@/lib/protocol/sandbox.ts";
import type { ModelSink } from "@/lib/service/ports.ts";
import { FailureError } from "@/lib/llm/failure.ts";
import { createModels, type ModelsOptions } from "@/lib/llm/models.ts";
import { type HandClock, handClock } from "./clock.ts";
import { modelServer, type Script } from "./openai_server.ts";

/** The key that the gateway is given. */
export const KEY = "sk-test-0123456789abcdef";
/** A call without a schema. */
export const ARGS: ModelArgs = {
  agent: "engineer",
  messages: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hello" }],
};

/** What a turn told its caller. */
export interface Seen {
  deltas: string[];
  retries: { attempt: number; code: string; message: string; wait_s: number }[];
}
interface Setup extends Partial<ModelsOptions> {
  clock?: HandClock;
}

/** Runs `body` with a server that answers as scripted. */
export async function against(
  script: Script,
  setup: Setup,
  body: (kit: {
    asked: ReturnType<typeof modelServer>["asked"];
    clock: HandClock;
    seen: Seen;
    turn(args?: Partial<ModelArgs>, signal?: AbortSignal): Promise<ModelResult>;
    onDelta(fn: () => void): void;
    onRetry(fn: () => void): void;
    url: string;
  }) => Promise<void>,
) {
  await using server = modelServer(script);
  const clock = setup.clock ?? handClock();
  const models = createModels({ base_url: server.url, api_key: KEY, model: "gpt-4o", clock, ...setup });
  const seen: Seen = { deltas: [], retries: [] };
  let told = () => {};
  let retried = () => {};
  const sink: ModelSink = {
    delta: (text) => {
      seen.deltas.push(text);
      told();
    },
    retry: (info) => {
      seen.retries.push(info);
      retried();
    },
  };
  await body({
    asked: server.asked,
    clock,
    seen,
    url: server.url,
    turn: (args = {}, signal = new AbortController().signal) => models.turn({ ...ARGS, ...args }, sink, signal),
    onDelta: (fn) => told = fn,
    onRetry: (fn) => retried = fn,
  });
  assertEquals(clock.waiting, 0, "a timer is left");
}

/** The failure of a turn. */
export async function failure(promise: Promise<unknown>): Promise<FailureError> {
  try {
    await promise;
  } catch (error) {
    assertInstanceOf(error, FailureError);
    return error;
  }
  fail("it did not fail");
}
