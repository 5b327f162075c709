import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { createModels } from "@/lib/llm/models.ts";
import { handClock } from "./clock.ts";

const clock = handClock();

Deno.test("[MODELS1] without a model the built-in one answers; with one its name stands there", () => {
  assertEquals(createModels({ clock }).model, "runbook");
  assertEquals(createModels({ clock, base_url: null, api_key: null, model: null }).model, "runbook");
  assertEquals(createModels({ clock, model: "gpt-4o", api_key: "k" }).model, "gpt-4o");
});

Deno.test("[MODELS2] a service without a model, and an address that cannot be one, are refused without saying secrets", () => {
  assertThrows(() => createModels({ clock, api_key: "k" }), AppError, "HOLDFAST_MODEL");
  assertThrows(() => createModels({ clock, model: "m", base_url: "ftp://x" }), AppError, "OPENAI_BASE_URL");
  const error = assertThrows(
    () => createModels({ clock, model: "m", base_url: "http://me:pass1234@host/v1" }),
    AppError,
  );
  assertStringIncludes(error.message, "password");
  assertEquals(error.message.includes("pass1234"), false);
});
