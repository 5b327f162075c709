// One request to an OpenAI-compatible service: messages in, text, calls and usage out.
//
// The package `@ai-sdk/openai-compatible` speaks the protocol; it is loaded at the first request, so that a server without
// a model never pays for it. (Its umbrella package `ai` reads the machine's name when it is imported and is not needed.)
// Leaves to gateway.ts: repeats, and whether the answer fits.
import * as z from "zod";
import type { Usage } from "../model/cost.ts";
import type { JsonObject } from "../model/json.ts";
import type { Message, ModelArgs } from "../protocol/sandbox.ts";
import type { Clock } from "../service/ports.ts";
import { FailureError } from "./failure.ts";
import { unreachable, watchedFetch } from "./http.ts";
import type { Watch } from "./watch.ts";

/** Where a service is and how it is entered. */
export interface Service {
  base_url: string;
  api_key: string | null;
}
/** How an answer in JSON is asked for: by schema, as some object, or in words only. */
export type Format = "schema" | "object" | "words";
/** What is asked. */
export interface Request {
  model: string;
  messages: readonly Message[];
  tools: NonNullable<ModelArgs["tools"]>;
  output: JsonObject | null;
  format: Format;
}
/** What came back. `usage` is null when the service did not say. */
export interface Reply {
  text: string;
  calls: { id: string; name: string; args: string }[];
  finish: string;
  usage: Usage | null;
}

/** Most characters of text and arguments together: a result of the journal is at most 1 MB. */
const MAX_CHARACTERS = 900_000;

const Provider = () => import("@ai-sdk/openai-compatible");
type Chat = ReturnType<ReturnType<Awaited<ReturnType<typeof Provider>>["createOpenAICompatible"]>["chatModel"]>;
type Options = Parameters<Chat["doStream"]>[0];
type Prompt = Options["prompt"];
type Part = Awaited<ReturnType<Chat["doStream"]>>["stream"] extends ReadableStream<infer P> ? P : never;

/** Turns a conversation into the provider's form. A tool's result is told as text: its call is not part of the message. */
function promptOf(messages: readonly Message[]): Prompt {
  return messages.map((message): Prompt[number] => {
    switch (message.role) {
      case "system":
        return { role: "system", content: message.content };
      case "assistant":
        return { role: "assistant", content: [{ type: "text", text: message.content }] };
      case "user":
        return { role: "user", content: [{ type: "text", text: message.content }] };
      case "tool":
        return { role: "user", content: [{ type: "text", text: `Result of the tool:\n${message.content}` }] };
      default:
        return message.role satisfies never;
    }
  });
}

function optionsOf(request: Request, signal: AbortSignal): Options {
  const { output, format, tools } = request;
  return {
    prompt: promptOf(request.messages),
    abortSignal: signal,
    ...(output && format !== "words" ? { responseFormat: { type: "json", schema: output, name: "answer" } } : {}),
    ...(tools.length > 0
      ? {
        tools: tools.map((tool) => ({
          type: "function" as const,
          name: tool.name,
          description: tool.description,
          inputSchema: tool.input_schema,
        })),
      }
      : {}),
    // Strict mode wants every key required, which a schema with defaults is not.
    providerOptions: { openaiCompatible: { strictJsonSchema: false } },
  };
}

const StreamError = z.looseObject({
  message: z.string().optional(),
  code: z.union([z.string(), z.number()]).nullish(),
});

/** An error inside of a stream: the service's own words, or a stream that is not the protocol. */
function streamFailure(error: unknown): FailureError {
  if (error instanceof FailureError) return error;
  const said = StreamError.safeParse(error);
  const status = said.success && typeof said.data.code === "number" ? said.data.code : null;
  const text = (said.success ? said.data.message : undefined) ?? String(error);
  const final = status !== null && status >= 400 && status < 500 && status !== 408 && status !== 429;
  return new FailureError(
    "http",
    `The model service broke off: ${text.slice(0, 500)}`,
    { status },
    final ? null : { after_s: null },
  );
}

type Finish = Extract<Part, { type: "finish" }>;

/** The token classes of a finish part; null when the service did not count. */
function usageOf(usage: Finish["usage"]): Usage | null {
  const input = usage.inputTokens.total;
  const output = usage.outputTokens.total;
  if (input === undefined || output === undefined) return null;
  const whole = (n: number | undefined) => Math.max(0, Math.round(n ?? 0));
  return {
    input_tokens: whole(input),
    output_tokens: whole(output),
    cached_input_tokens: Math.min(whole(usage.inputTokens.cacheRead), whole(input)),
  };
}

/** Takes the parts of one answer as they come. */
class Collector {
  readonly reply: Reply = { text: "", calls: [], finish: "other", usage: null };
  #characters = 0;
  #finished = false;
  readonly #onText: (text: string) => void;

  constructor(onText: (text: string) => void) {
    this.#onText = onText;
  }

  take(part: Part): void {
    if (part.type === "error") throw streamFailure(part.error);
    if (part.type === "text-delta") {
      this.#count(part.delta);
      this.reply.text += part.delta;
      this.#onText(part.delta);
    } else if (part.type === "tool-call") {
      this.#count(part.input);
      this.reply.calls.push({ id: part.toolCallId, name: part.toolName, args: part.input });
    } else if (part.type === "finish") {
      this.#finished = true;
      this.reply.finish = part.finishReason.unified;
      this.reply.usage = usageOf(part.usage);
    }
  }

  end(): Reply {
    if (!this.#finished) throw streamFailure({ message: "the answer has no end" });
    return this.reply;
  }

  #count(text: string): void {
    this.#characters += text.length;
    if (this.#characters > MAX_CHARACTERS) {
      throw new FailureError("bad_output", `The answer is longer than ${MAX_CHARACTERS} characters`);
    }
  }
}

/** Asks once. Throws FailureError, or the reason of the watch's signal. */
export async function ask(
  service: Service,
  request: Request,
  by: { watch: Watch; clock: Clock; onText: (text: string) => void },
): Promise<Reply> {
  const { watch, clock } = by;
  const { createOpenAICompatible } = await Provider();
  const provider = createOpenAICompatible({
    name: "service",
    baseURL: service.base_url,
    ...(service.api_key === null ? {} : { apiKey: service.api_key }),
    includeUsage: true,
    supportsStructuredOutputs: request.format === "schema",
    fetch: watchedFetch(watch, clock),
  });
  const collector = new Collector(by.onText);
  try {
    const { stream } = await provider.chatModel(request.model).doStream(optionsOf(request, watch.signal));
    for await (const part of stream) collector.take(part);
    return collector.end();
  } catch (error) {
    if (watch.signal.aborted) throw watch.signal.reason;
    if (error instanceof FailureError) throw error;
    throw unreachable(error);
  }
}
