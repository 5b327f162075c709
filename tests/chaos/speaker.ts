// A model service of the harness: it speaks the words that the last message asks for, one after the other.
//
//   SP1. What it says is known before: `say-KEY-40` is answered by `KEY-0 KEY-1 … KEY-39`, however often it is asked.
import { lines, type ModelServer, modelServer } from "../llm/openai_server.ts";

const WORD_MS = 6;

/** What is said to a request. */
export function spoken(say: string): string {
  const [, key, words] = /^say-(\w+)-(\d+)$/.exec(say) ?? [];
  return Array.from({ length: Number(words) }, (_, n) => `${key}-${n}`).join(" ");
}

/** Starts the service. */
export function startSpeaker(): ModelServer {
  return modelServer(({ body }) => {
    const text = spoken(body.messages.at(-1)?.content ?? "");
    const pieces = lines({ text: text.split(/(?<= )/) });
    const encoder = new TextEncoder();
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        const piece = pieces.shift();
        if (piece === undefined) return controller.close();
        controller.enqueue(encoder.encode(piece));
        await new Promise((resolve) => setTimeout(resolve, WORD_MS));
      },
    });
    return new Response(stream, { headers: { "content-type": "text/event-stream" } });
  });
}
