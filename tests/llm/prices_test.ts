import { assertEquals } from "@std/assert";
import { costOf, priceOf } from "@/lib/llm/prices.ts";

Deno.test("[PRICE1] a name fits with a maker's prefix and a date, and a longer name is another model", () => {
  assertEquals(priceOf("openai/GPT-4o-2024-08-06"), priceOf("gpt-4o"));
  assertEquals(priceOf("gpt-4o-mini-latest"), priceOf("gpt-4o-mini"));
  assertEquals(priceOf("gpt-4o-audio-preview"), undefined);
  assertEquals(priceOf("gpt-5-pro"), undefined);
  assertEquals(priceOf("constructor"), undefined);
});

Deno.test("[PRICE2] cached input is part of the input and has its own price; without a price it is 0", () => {
  const usage = { input_tokens: 1_000_000, cached_input_tokens: 400_000, output_tokens: 100_000 };
  assertEquals(costOf("gpt-4.1", usage), 0.6 * 2 + 0.4 * 0.5 + 0.1 * 8);
  assertEquals(costOf("unknown", usage), 0);
});
