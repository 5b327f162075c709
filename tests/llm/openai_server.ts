// A real HTTP server on a free port that speaks the chat protocol of OpenAI, as far as a test scripts it.
import { z } from "zod";

const Body = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  messages: z.array(z.looseObject({ role: z.string(), content: z.string().nullable() })),
  response_format: z.looseObject({ type: z.string() }).optional(),
  tools: z.array(z.looseObject({})).optional(),
});
/** A request as the server got it. */
export interface Asked {
  path: string;
  authorization: string | null;
  body: z.infer<typeof Body>;
}
/** Answers the n-th request (from 0). */
export type Script = (asked: Asked, n: number) => Response | Promise<Response>;

/** A server that is running. */
export interface ModelServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: Asked[];
}

/** Starts a server that answers as scripted. */
export function modelServer(script: Script): ModelServer {
  const asked: Asked[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async (request) => {
    const one: Asked = {
      path: new URL(request.url).pathname,
      authorization: request.headers.get("authorization"),
      body: Body.parse(await request.json()),
    };
    asked.push(one);
    return await script(one, asked.length - 1);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/v1`,
    asked,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const SSE = { "content-type": "text/event-stream" };
const line = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const chunk = (delta: unknown, finish_reason: string | null = null) =>
  line({
    id: "c1",
    object: "chat.completion.chunk",
    created: 1,
    model: "m",
    choices: [{ index: 0, delta, finish_reason }],
  });

/** Tokens as a service counts them. */
export const USAGE = {
  prompt_tokens: 100,
  completion_tokens: 20,
  total_tokens: 120,
  prompt_tokens_details: { cached_tokens: 60 },
};
/** What an answer is made of. */
export interface Said {
  text?: string[];
  calls?: { id: string; name: string; args: string }[];
  finish?: string;
  usage?: unknown;
}
/** The lines of a whole answer. */
export function lines(said: Said): string[] {
  const out = (said.text ?? []).map((content) => chunk({ role: "assistant", content }));
  for (const [index, { id, name, args }] of (said.calls ?? []).entries()) {
    const half = Math.ceil(args.length / 2);
    out.push(
      chunk({ tool_calls: [{ index, id, type: "function", function: { name, arguments: args.slice(0, half) } }] }),
    );
    out.push(chunk({ tool_calls: [{ index, function: { arguments: args.slice(half) } }] }));
  }
  out.push(chunk({}, said.finish ?? (said.calls ? "tool_calls" : "stop")));
  if (said.usage !== null) out.push(line({ choices: [], usage: said.usage ?? USAGE }));
  return [...out, "data: [DONE]\n\n"];
}
/** A streamed answer. */
export function streamed(said: Said): Response {
  return new Response(lines(said).join(""), { headers: SSE });
}
/** An answer whose text comes piece by piece, in its own chunks of the connection. */
export function inPieces(pieces: readonly string[]): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (const piece of pieces) {
        controller.enqueue(encoder.encode(piece));
        await new Promise<void>((done) => setTimeout(done, 0));
      }
      controller.close();
    },
  });
  return new Response(body, { headers: SSE });
}
/** An answer that begins and then says nothing more, but for what `more` sends; ends when the client goes. */
export function endless(first: readonly string[], more: { send?: (text: string) => void } = {}): Response {
  const encoder = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      more.send = (text) => controller.enqueue(encoder.encode(text));
      for (const piece of first) more.send(piece);
    },
  });
  return new Response(body, { headers: SSE });
}
/** An error as services write it. */
export function refusal(
  status: number,
  message: string,
  more: { code?: string; headers?: HeadersInit } = {},
): Response {
  return Response.json({ error: { message, type: "error", code: more.code ?? null } }, {
    status,
    ...(more.headers ? { headers: more.headers } : {}),
  });
}
