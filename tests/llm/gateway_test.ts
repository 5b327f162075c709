import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { configure, type LogRecord, reset } from "@logtape/logtape";
import { createModels } from "@/lib/llm/models.ts";
import { against, ARGS, failure, KEY } from "./against.ts";
import { handClock } from "./clock.ts";
import { endless, inPieces, lines, modelServer, refusal, type Script, streamed } from "./openai_server.ts";

const ANSWER = { type: "object", properties: { n: { type: "integer" } }, required: ["n"], additionalProperties: false };

Deno.test("[LLM1] text is streamed as deltas and the result holds it whole, with every class of tokens and the price", async () => {
  await against(() => inPieces(lines({ text: ["Hel", "lo ", "you"] })), {}, async ({ turn, seen, asked }) => {
    const result = await turn();
    assertEquals(seen.deltas, ["Hel", "lo ", "you"]);
    assertEquals(result.text, "Hello you");
    assertEquals(result.finish, "stop");
    assertEquals(result.output, null);
    assertEquals(result.usage, {
      input_tokens: 100,
      output_tokens: 20,
      cached_input_tokens: 60,
      cost_usd: (40 * 2.5 + 60 * 1.25 + 20 * 10) / 1_000_000,
      limit_tokens: 128_000,
      model: "gpt-4o",
    });
    assertEquals(asked[0]?.path, "/v1/chat/completions");
    assertEquals(asked[0]?.authorization, `Bearer ${KEY}`);
    assertEquals(asked[0]?.body.messages.map((m) => m.role), ["system", "user"]);
  });
});

Deno.test("[LLM2] a call's own model is asked, and show: false sends no deltas", async () => {
  await against(() => streamed({ text: ["quiet"] }), {}, async ({ turn, seen, asked }) => {
    const result = await turn({ model: "unheard-of-1", show: false });
    assertEquals(seen.deltas, []);
    assertEquals(asked[0]?.body.model, "unheard-of-1");
    assertEquals(result.usage.cost_usd, 0);
    assertEquals(result.usage.limit_tokens, null);
    assertStringIncludes(result.usage.note ?? "", "no price is known for unheard-of-1");
  });
});

Deno.test("[LLM3] tool calls come back with their arguments parsed and checked", async () => {
  const tools = [{
    name: "add",
    description: "adds",
    input_schema: { type: "object", properties: { a: { type: "number" } }, required: ["a"] },
  }];
  const calls = [{ id: "call_1", name: "add", args: '{"a": 41}' }];
  await against(() => streamed({ text: ["Adding."], calls }), {}, async ({ turn, asked }) => {
    const result = await turn({ tools });
    assertEquals(result.calls, [{ id: "call_1", name: "add", args: { a: 41 } }]);
    assertEquals(result.finish, "tool-calls");
    assertEquals(asked[0]?.body.tools?.length, 1);
  });
});

Deno.test("[LLM4] a tool call that does not fit is told to the model once, then it is bad_output", async () => {
  const tools = [{
    name: "add",
    description: "adds",
    input_schema: { type: "object", properties: { a: { type: "number" } }, required: ["a"] },
  }];
  const wrong = [{ id: "1", name: "add", args: '{"a": "many"}' }];
  await against(() => streamed({ calls: wrong }), {}, async ({ turn, asked }) => {
    const error = await failure(turn({ tools }));
    assertEquals(error.code, "bad_output");
    assertEquals(asked.length, 2);
    assertStringIncludes(asked[1]?.body.messages.at(-1)?.content ?? "", 'The arguments of "add" do not fit');
  });
});

Deno.test("[LLM5] with a schema the answer is parsed, checked and not streamed; the schema is sent and said", async () => {
  await against(() => streamed({ text: ['{"n"', ": 3}"] }), {}, async ({ turn, seen, asked }) => {
    const result = await turn({ output: ANSWER });
    assertEquals(result.output, { n: 3 });
    assertEquals(seen.deltas, []);
    assertEquals(asked[0]?.body.response_format?.type, "json_schema");
    assertStringIncludes(asked[0]?.body.messages[0]?.content ?? "", '"additionalProperties":false');
    assertEquals(asked[0]?.body.messages.filter((m) => m.role === "system").length, 1);
  });
});

Deno.test("[LLM6] JSON in a fence or with words around it is read", async () => {
  const texts = ['Here it is:\n```json\n{"n": 4}\n```\nDone.', 'I say {"n": 4} and no more.'];
  await against((_, n) => streamed({ text: [texts[n] ?? ""] }), {}, async ({ turn }) => {
    assertEquals((await turn({ output: ANSWER })).output, { n: 4 });
    assertEquals((await turn({ output: ANSWER })).output, { n: 4 });
  });
});

Deno.test("[LLM7] broken JSON gets one try to be mended, and the tokens of both tries count", async () => {
  const texts = ['{"n": 3', '{"n": 3}'];
  await against((_, n) => streamed({ text: [texts[n] ?? ""] }), {}, async ({ turn, asked }) => {
    const result = await turn({ output: ANSWER });
    assertEquals(result.output, { n: 3 });
    assertEquals(result.usage.input_tokens, 200);
    assertEquals(result.usage.output_tokens, 40);
    const [answer, mend] = asked[1]?.body.messages.slice(-2) ?? [];
    assertEquals(answer, { role: "assistant", content: '{"n": 3' });
    assertStringIncludes(mend?.content ?? "", "It is not JSON");
  });
});

Deno.test("[LLM8] JSON that stays broken is bad_output, with the tokens it cost and the answer", async () => {
  await against(() => streamed({ text: ['{"n": "three"}'] }), {}, async ({ turn, asked }) => {
    const error = await failure(turn({ output: ANSWER }));
    assertEquals(error.code, "bad_output");
    assertStringIncludes(error.message, "does not satisfy the schema");
    assertEquals(asked.length, 2);
    assertEquals(error.data, {
      usage: {
        input_tokens: 200,
        output_tokens: 40,
        cached_input_tokens: 120,
        cost_usd: (80 * 2.5 + 120 * 1.25 + 40 * 10) / 1_000_000,
        limit_tokens: 128_000,
        model: "gpt-4o",
      },
      answer: '{"n": "three"}',
    });
  });
});

Deno.test("[LLM9] a service that takes no schema is asked in plainer forms, and that is remembered", async () => {
  const script: Script = (asked) => {
    const type = asked.body.response_format?.type;
    if (type === "json_schema") return refusal(400, "response_format json_schema is not supported");
    if (type === "json_object") return refusal(400, "response_format json_object is not supported");
    return streamed({ text: ['{"n": 1}'] });
  };
  await against(script, {}, async ({ turn, asked, seen }) => {
    assertEquals((await turn({ output: ANSWER })).output, { n: 1 });
    assertEquals(asked.length, 3);
    await turn({ output: ANSWER });
    assertEquals(asked.length, 4);
    assertEquals(seen.retries, []);
  });
});

Deno.test("[LLM10] 429 waits as long as Retry-After says, in seconds or as a date, and tells it", async () => {
  const clock = handClock();
  const date = new Date(Math.ceil(clock.now() / 1000) * 1000 + 5000).toUTCString();
  const headers = [{ "retry-after": "7" }, { "retry-after": date }];
  const script: Script = (_, n) =>
    n < 2 ? refusal(429, "slow down", { headers: headers[n] ?? {} }) : streamed({ text: ["ok"] });
  await against(script, { clock }, async ({ turn, seen }) => {
    assertEquals((await turn()).text, "ok");
    assertEquals(clock.slept[0], 7000);
    const second = clock.slept[1] ?? 0;
    assert(second >= 4000 && second <= 6000, String(second));
    assertEquals(seen.retries.map(({ attempt, code }) => [attempt, code]), [[2, "http"], [3, "http"]]);
    assertStringIncludes(seen.retries[0]?.message ?? "", "slow down");
  });
});

Deno.test("[LLM11] a wait longer than the bound is not waited, and a used-up account is not asked again", async () => {
  await against(
    () => refusal(429, "later", { headers: { "retry-after": "3600" } }),
    {},
    async ({ turn, asked, clock }) => {
      assertEquals((await failure(turn())).code, "http");
      assertEquals([asked.length, clock.slept], [1, []]);
    },
  );
  await against(() => refusal(429, "no money", { code: "insufficient_quota" }), {}, async ({ turn, asked }) => {
    assertStringIncludes((await failure(turn())).message, "no money");
    assertEquals(asked.length, 1);
  });
});

Deno.test("[LLM12] 500 is repeated with growing waits, at most 4 requests in all", async () => {
  await against(() => refusal(500, "broken"), {}, async ({ turn, asked, clock }) => {
    const error = await failure(turn());
    assertEquals(error.code, "http");
    assertEquals(error.data, { status: 500 });
    assertEquals(asked.length, 4);
    assertEquals(clock.slept.length, 3);
    for (const [i, ms] of clock.slept.entries()) {
      assert(ms >= 750 * 2 ** i && ms <= 1250 * 2 ** i, `wait ${i} is ${ms}`);
    }
  });
});

Deno.test("[LLM13] an answer that breaks off is asked for again", async () => {
  const script: Script = (_, n) =>
    n === 0 ? inPieces(lines({ text: ["half"] }).slice(0, 1)) : streamed({ text: ["whole"] });
  await against(script, {}, async ({ turn, seen }) => {
    assertEquals((await turn()).text, "whole");
    assertEquals(seen.deltas, ["half", "whole"]);
    assertEquals(seen.retries.length, 1);
  });
});

Deno.test("[LLM14] a service that cannot be reached is http, after its repeats", async () => {
  let url = "";
  await against(() => streamed({}), {}, (kit) => Promise.resolve(void (url = kit.url)));
  const clock = handClock();
  const models = createModels({ base_url: url, api_key: KEY, model: "m", clock });
  const error = await failure(models.turn(ARGS, { delta() {}, retry() {} }, new AbortController().signal));
  assertEquals(error.code, "http");
  assertStringIncludes(error.message, "Cannot reach the model service");
  assertEquals(clock.slept.length, 3);
});

Deno.test("[LLM15] silence ends an answer with timeout, and a byte without text counts as life", async () => {
  const clock = handClock();
  const limits = { attempts: 1, silence_s: 30 };
  const more: { send?: (text: string) => void } = {};
  await against(() => endless(lines({ text: ["a"] }).slice(0, 1), more), { clock, limits }, async (kit) => {
    const begun = Promise.withResolvers<void>();
    kit.onDelta(begun.resolve);
    const promise = failure(kit.turn());
    await begun.promise;
    clock.advance(29_000);
    const alive = clock.armed();
    more.send?.(": still thinking\n\n");
    await alive;
    clock.advance(29_000);
    assertEquals(clock.waiting, 2);
    clock.advance(1000);
    const error = await promise;
    assertEquals(error.code, "timeout");
    assertStringIncludes(error.message, "nothing for 30 s");
  });
});

Deno.test("[LLM16] an answer that never ends is bounded in time, though it goes on sending", async () => {
  const clock = handClock();
  await against(() => endless(lines({ text: ["a"] }).slice(0, 1)), {
    clock,
    limits: { attempts: 1, silence_s: 1000, answer_s: 60 },
  }, async (kit) => {
    const begun = Promise.withResolvers<void>();
    kit.onDelta(begun.resolve);
    const promise = failure(kit.turn());
    await begun.promise;
    clock.advance(60_000);
    const error = await promise;
    assertEquals(error.code, "timeout");
    assertStringIncludes(error.message, "did not finish its answer in 60 s");
  });
});

Deno.test("[LLM17] abort ends a turn with the caller's reason: in the stream, in a wait, before it begins", async () => {
  const reason = new Error("nobody wants it");
  await against(() => endless(lines({ text: ["a"] }).slice(0, 1)), {}, async ({ turn, onDelta, asked }) => {
    const controller = new AbortController();
    onDelta(() => controller.abort(reason));
    assertEquals(await assertRejects(() => turn({}, controller.signal)), reason);
    assertEquals(asked.length, 1);
    assertEquals(await assertRejects(() => turn({}, controller.signal)), reason);
    assertEquals(asked.length, 1);
  });
  const clock = handClock();
  clock.hold = true;
  await against(() => refusal(503, "busy"), { clock }, async ({ turn, seen, onRetry }) => {
    const controller = new AbortController();
    onRetry(() => queueMicrotask(() => controller.abort(reason)));
    assertEquals(await assertRejects(() => turn({}, controller.signal)), reason);
    assertEquals([seen.retries.length, clock.slept.length], [1, 1]);
  });
});

Deno.test("[LLM18] a wrong key is told at once and not repeated", async () => {
  await against(() => refusal(401, "Incorrect API key"), {}, async ({ turn, asked }) => {
    const error = await failure(turn());
    assertEquals(error.message, "The model service refused the key (401): Incorrect API key");
    assertEquals(error.data, { status: 401 });
    assertEquals(asked.length, 1);
  });
});

Deno.test("[LLM19] the key stands in no error, delta, retry or result, also when the service says it", async () => {
  const mark = "[redacted:OPENAI_API_KEY]";
  const logged: LogRecord[] = [];
  await configure({
    reset: true,
    sinks: { list: (record) => void logged.push(record) },
    loggers: [{ category: [], sinks: ["list"], lowestLevel: "trace" }],
  });
  await against(() => refusal(401, `Incorrect API key: ${KEY}`), {}, async ({ turn }) => {
    const error = await failure(turn());
    assertStringIncludes(error.message, mark);
    assert(!JSON.stringify([error.message, error.data, error.stack]).includes(KEY));
  });
  await against(() => refusal(500, `key ${KEY}`), {}, async ({ turn, seen }) => {
    await failure(turn());
    assert(seen.retries.every(({ message }) => message.includes(mark) && !message.includes(KEY)));
  });
  assert(logged.length >= 3);
  assert(!JSON.stringify(logged).includes(KEY));
  await reset();
  const halves = ["your key is sk-test-012", "3456789abcdef, sk-te", "nder"];
  await against(() => inPieces(lines({ text: halves })), {}, async ({ turn, seen }) => {
    const result = await turn();
    assertEquals(result.text, `your key is ${mark}, sk-tender`);
    assertEquals(seen.deltas.join(""), result.text);
  });
  const calls = [{ id: "1", name: "say", args: JSON.stringify({ x: KEY }) }];
  const tools = [{ name: "say", description: "says", input_schema: { type: "object" } }];
  await against(() => streamed({ calls }), {}, async ({ turn }) => {
    assertEquals((await turn({ tools })).calls[0]?.args, { x: mark });
  });
  await against(() => streamed({ text: [JSON.stringify({ s: KEY })] }), {}, async ({ turn }) => {
    assertEquals((await turn({ output: { type: "object" } })).output, { s: mark });
  });
});

Deno.test("[LLM20] a model that declines is refused", async () => {
  await against(() => streamed({ text: ["I will not."], finish: "content_filter" }), {}, async ({ turn }) => {
    const error = await failure(turn());
    assertEquals(error.code, "refused");
    assertStringIncludes(error.message, "I will not.");
  });
});

Deno.test("[LLM21] an answer that is no stream of events is an error that says so", async () => {
  await against(
    () => new Response("<html>", { headers: { "content-type": "text/html" } }),
    {},
    async ({ turn, asked }) => {
      const error = await failure(turn());
      assertStringIncludes(error.message, "text/html, not a stream of events");
      assertEquals(asked.length, 1);
    },
  );
});

Deno.test("[LLM22] a redirect is not followed: the key goes nowhere else", async () => {
  await using other = modelServer(() => streamed({ text: ["stolen"] }));
  await against(
    () => new Response(null, { status: 307, headers: { location: `${other.url}/chat/completions` } }),
    {},
    async ({ turn }) => {
      assertStringIncludes((await failure(turn())).message, "OPENAI_BASE_URL");
    },
  );
  assertEquals(other.asked.length, 0);
});

Deno.test("[LLM23] an error inside of a stream is repeated unless it is the request's own fault", async () => {
  const error = (code: number) => `data: ${JSON.stringify({ error: { message: "overloaded", code } })}\n\n`;
  await against((_, n) => n === 0 ? inPieces([error(502)]) : streamed({ text: ["ok"] }), {}, async ({ turn }) => {
    assertEquals((await turn()).text, "ok");
  });
  await against(() => inPieces([error(400)]), {}, async ({ turn, asked }) => {
    assertStringIncludes((await failure(turn())).message, "overloaded");
    assertEquals(asked.length, 1);
  });
});

Deno.test("[LLM24] a service that counts no tokens gets an estimate, and the result says so", async () => {
  await against(() => streamed({ text: ["12345678"], usage: null }), {}, async ({ turn }) => {
    const { usage } = await turn();
    assertEquals(usage.output_tokens, 2);
    assertEquals(usage.input_tokens, 4);
    assertStringIncludes(usage.note ?? "", "estimated");
  });
});

Deno.test("[LLM25] an answer without an end in sight is bounded in length", async () => {
  const big = "x".repeat(300_000);
  await against(() => inPieces(lines({ text: [big, big, big, big] })), {}, async ({ turn, asked }) => {
    const error = await failure(turn());
    assertEquals(error.code, "bad_output");
    assertEquals(asked.length, 1);
  });
});
