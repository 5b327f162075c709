import { assertEquals, assertStringIncludes } from "@std/assert";
import { getLogger, withContext } from "@logtape/logtape";
import { configureLog } from "@/lib/log.ts";
import { createRedactor } from "@/lib/service/redact.ts";

async function logged(write: () => void): Promise<Record<string, unknown>[]> {
  const folder = await Deno.makeTempDir();
  const file = `${folder}/holdfast.log`;
  const redactor = createRedactor(new Map([["KEY", "hunter2000"]]));
  try {
    const close = await configureLog({
      log: { level: "warning", json: true, file },
      terminal: false,
      console: false,
      redact: redactor.text,
    });
    write();
    await close();
    const text = await Deno.readTextFile(file);
    return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("[LOG1] a line carries its facts and what its context binds", async () => {
  const [line] = await logged(() =>
    withContext(
      { session_id: "s1", run_id: "r1", request_id: "q1" },
      () => getLogger(["holdfast", "runs"]).warn("runs.not_claimed", { code: "busy" }),
    )
  );
  assertEquals([line?.["session_id"], line?.["run_id"], line?.["request_id"], line?.["code"]], [
    "s1",
    "r1",
    "q1",
    "busy",
  ]);
  assertEquals([line?.["message"], line?.["logger"]], ["runs.not_claimed", "holdfast.runs"]);
});

Deno.test("[LOG2] secrets leave no line", async () => {
  const [line] = await logged(() => getLogger(["holdfast"]).error("it.broke", { detail: "key=hunter2000" }));
  assertStringIncludes(JSON.stringify(line), "[redacted:KEY]");
  assertEquals(JSON.stringify(line).includes("hunter2000"), false);
});

Deno.test("[LOG3] lines below the level and of foreign categories are not written", async () => {
  const lines = await logged(() => {
    getLogger(["holdfast"]).info("quiet");
    getLogger(["other"]).error("foreign");
    getLogger(["holdfast"]).warn("heard");
  });
  assertEquals(lines.map((line) => line["message"]), ["heard"]);
});

Deno.test("[LOG4] an error stands on its line with its text and its cause, as JSON and as text", async () => {
  const error = new Error("it broke", { cause: new TypeError("for this reason") });
  const [line] = await logged(() => getLogger(["holdfast"]).error("http.failed", { error }));
  assertStringIncludes(JSON.stringify(line?.["error"]), "it broke");
  assertStringIncludes(JSON.stringify(line?.["error"]), "for this reason");
  const child = await new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      `import { configureLog } from "@/lib/log.ts";
       import { getLogger } from "@logtape/logtape";
       const log = { level: "info", json: false, file: null };
       const close = await configureLog({ log, terminal: false, redact: (text) => text });
       getLogger(["holdfast"]).error("http.failed", { error: new Error("it broke", { cause: "for this reason" }) });
       await close();`,
    ],
    cwd: new URL("..", import.meta.url),
  }).output();
  const text = new TextDecoder().decode(child.stdout) + new TextDecoder().decode(child.stderr);
  assertStringIncludes(text, "it broke");
  assertStringIncludes(text, "for this reason");
  assertEquals(text.trimEnd().split("\n").length, 1);
});
