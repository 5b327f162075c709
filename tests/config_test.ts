import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { describeConfig, parseConfig, secretsToRedact } from "@/lib/config.ts";
import { AppError } from "@/lib/model/error.ts";

const problems = (environment: Record<string, string>, flags: Record<string, string> = {}): string => {
  const error = assertThrows(() => parseConfig(environment, flags), AppError);
  assertEquals(error.code, "invalid");
  return error.message;
};

Deno.test("[CONF1] nothing set gives the documented defaults, frozen", () => {
  const config = parseConfig({});
  assertEquals([config.host, config.port, config.kv], ["127.0.0.1", 8000, "./data/holdfast.kv"]);
  assertEquals([config.concurrency, config.warm, config.wait_hold_s, config.drain_s], [10, 2, 60, 30]);
  assertEquals([config.session_ttl_s, config.approval_timeout_s, config.run_timeout_s], [2_592_000, 604_800, 3600]);
  assertEquals([config.output_mb, config.memory_mb, config.disk_mb, config.max_takeovers], [64, 512, 1024, 3]);
  assertEquals([config.auth, config.sandbox, config.metrics, config.max_connections], [true, "auto", "admin", 1000]);
  assert(Object.isFrozen(config) && Object.isFrozen(config.log) && Object.isFrozen(config.origins));
});

Deno.test("[CONF2] a flag wins over the environment, which wins over the default", () => {
  assertEquals(parseConfig({ PORT: "9000" }, { PORT: "9001" }).port, 9001);
  assertEquals(parseConfig({ PORT: "9000" }).port, 9000);
});

Deno.test("[CONF3] an empty value counts as not set", () => {
  assertEquals(parseConfig({ PORT: "", HOLDFAST_TOKEN: " ", LOG_FILE: "" }).port, 8000);
  assertEquals(parseConfig({ PORT: "9000" }, { PORT: "" }).port, 9000);
});

Deno.test("[CONF4] every wrong value is named and refuses the start", () => {
  const text = problems({ PORT: "65536", HOLDFAST_CONCURRENCY: "0", HOLDFAST_SANDBOX: "docker", RUN_TIMEOUT: "1e3" });
  for (const name of ["PORT", "HOLDFAST_CONCURRENCY", "HOLDFAST_SANDBOX", "RUN_TIMEOUT"]) {
    assertStringIncludes(text, name);
  }
  assertStringIncludes(problems({}, { PROT: "1" }), "PROT: no such setting");
  assertStringIncludes(problems({ HOLDFAST_TOKEN: "short" }), "HOLDFAST_TOKEN");
  assertStringIncludes(problems({ HOLDFAST_PUBLIC_URL: "https://h.example/path" }), "HOLDFAST_PUBLIC_URL");
});

Deno.test("[CONF5] authentication can be switched off on loopback only", () => {
  assertEquals(parseConfig({ HOLDFAST_AUTH: "off", HOST: "127.0.0.1" }).auth, false);
  assertEquals(parseConfig({ HOLDFAST_AUTH: "off", HOST: "::1" }).auth, false);
  assertStringIncludes(problems({ HOLDFAST_AUTH: "off", HOST: "0.0.0.0" }), "HOLDFAST_AUTH");
});

Deno.test("[CONF6] settings that need each other are checked together", () => {
  assertStringIncludes(problems({ HOLDFAST_KV: "http://kv:4512" }), "DENO_KV_ACCESS_TOKEN");
  assertStringIncludes(problems({ OPENAI_API_KEY: "sk-123456" }), "HOLDFAST_MODEL");
});

Deno.test("[CONF7] what is printed holds no secret", () => {
  const config = parseConfig({
    HOLDFAST_TOKEN: "token-token-token-token",
    OPENAI_API_KEY: "sk-very-secret",
    OPENAI_BASE_URL: "http://me:pw-secret@model.example/v1",
    HOLDFAST_MODEL: "m",
    HOLDFAST_SECRET_GITHUB: "ghp_secret",
  });
  const printed = JSON.stringify(describeConfig(config));
  for (const secret of ["token-token", "sk-very", "pw-secret", "ghp_secret"]) assert(!printed.includes(secret), secret);
  assertStringIncludes(printed, "GITHUB");
  assertEquals([...secretsToRedact(config).keys()].sort(), ["GITHUB", "HOLDFAST_TOKEN", "OPENAI_API_KEY"]);
});

Deno.test("[CONF8] a secret too short to be redacted is refused without showing it", () => {
  const text = problems({ HOLDFAST_SECRET_PIN: "12" });
  assertStringIncludes(text, "HOLDFAST_SECRET_PIN");
  assert(!text.includes("12:"));
});

Deno.test("[CONF9] origins are normalised and a list is split at commas", () => {
  const config = parseConfig({ HOLDFAST_ORIGINS: "https://A.example/, http://b.example:81" });
  assertEquals(config.origins, ["https://a.example", "http://b.example:81"]);
});
