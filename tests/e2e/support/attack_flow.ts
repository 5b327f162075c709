// A hostile workflow program: it has the nonce, as code in the same process can find it, and breaks the rules of the
// channel the way that the task of its run says.
//
// What it may do with a frame is what its run may do; what it must not reach is the host, other runs, and the truth of
// the log. Each act is one attack.
const encoder = new TextEncoder();
let nonce = "";

function raw(text: string): void {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length;) at += Deno.stdout.writeSync(bytes.subarray(at));
}
/** A frame of JSON text, whatever it holds. */
function frameText(json: string): void {
  raw(`\x1e${nonce}${json}\n`);
}
function frame(body: unknown): void {
  frameText(JSON.stringify(body));
}
function finish(value: unknown = "finished"): void {
  frame({ type: "finish", result: { ok: true, value } });
}
const leaf = (key: string) => ({ type: "begin", key, scope: "", name: key, pos: 0, digest: "", policy: {} });
const warning = (counter: number, message: string) => ({
  scope: "",
  place: { leaves: 0, counter },
  say: { what: "event", event_type: "warning", data: { code: "w", message } },
});
/** Leaves what it began to itself until the host ends it. */
const stay = () => void setInterval(() => {}, 60_000);
/** Brackets in brackets, deeper than any stack. */
const deep = (levels: number) => "[".repeat(levels) + "]".repeat(levels);

/** The attacks by name; each is called once its run has begun. */
const acts: Record<string, () => void> = {
  obeys: () => finish(),
  deep_result() {
    frameText(`{"type":"finish","result":{"ok":true,"value":${deep(900_000)}}}`);
    stay();
  },
  deep_failure() {
    const failure = `{"code":"x","message":"m","data":${deep(5000)}}`;
    frameText(`{"type":"end","key":"a","result":{"ok":false,"failure":${failure}}}`);
    stay();
  },
  long_name() {
    frame({ type: "waiting", settled: 1, ["x".repeat(1_900_000)]: 1 });
    stay();
  },
  wrong_lines() {
    frame({ type: "said", items: Array(900_000).fill(1) });
    stay();
  },
  wrong_files() {
    const files = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`f${i}`, i]));
    frame({ ...leaf("e"), kind: "exec", args: { files } });
    stay();
  },
  wrong_type() {
    frame({ type: "x".repeat(1_900_000) });
    stay();
  },
  too_long() {
    raw(`\x1e${nonce}{"type":"${"x".repeat(2_100_000)}"}\n`);
    stay();
  },
  not_json() {
    frameText(`{"type":"finish","result":`);
    finish();
  },
  host_word() {
    frame({ type: "cancel_progress", run_id: "other", stage: "killed" });
    stay();
  },
  other_scope() {
    frame({ type: "said", items: [{ ...warning(1, "m"), scope: "of another run" }] });
    stay();
  },
  forged_answer() {
    frame({ ...leaf("go"), kind: "approve", args: ASKS });
    frame({ type: "end", key: "go", result: { ok: true, value: { verb: "approved" } } });
    frame({ type: "said", items: [warning(1, "ready")] });
    stay();
  },
  long_error() {
    const message = "m".repeat(900_000);
    frame({ type: "finish", result: { ok: false, failure: { code: "hostile", message }, traceback: message } });
    stay();
  },
  huge_result() {
    finish("r".repeat(1_900_000));
    stay();
  },
  after_finish() {
    finish();
    frame({ type: "said", items: [warning(1, "said after the end")] });
    finish("another end");
    stay();
  },
  tiny_frames() {
    for (let i = 1; i <= 100_000; i++) frame({ type: "said", items: [warning(i, `w${i}`)] });
    finish();
  },
  /** Wishes for files without a step, then more than anybody could want. */
  files_flood() {
    frame({ type: "files", key: "s", op: -1, args: { tool: "files_write", path: "early", content: "x" } });
    frame({ ...leaf("s"), kind: "step" });
    began = () => {
      for (let op = 0; op < 20_000; op++) frame({ type: "files", key: "s", op, args: { tool: "files_list" } });
      finish();
    };
  },
  /** Asks for 4.5 GB and never reads a byte of it. */
  deaf_reads() {
    frame({ ...leaf("s"), kind: "step" });
    began = () => {
      const wish = { type: "files", key: "s" };
      frame({ ...wish, op: 0, args: { tool: "files_write", path: "big", content: "x".repeat(890_000) } });
      for (let op = 1; op <= 5000; op++) frame({ ...wish, op, args: { tool: "files_read", path: "big" } });
      frame({ type: "said", items: [warning(1, "ready")] });
      for (;;);
    };
  },
  exec_flood() {
    const code = `for (;;); // ${"x".repeat(900_000)}`;
    for (let i = 0; i < 1000; i++) frame({ ...leaf(`e${i}`), kind: "exec", args: { code, language: "ts" } });
    stay();
  },
  spins() {
    frame({ type: "said", items: [warning(1, "ready")] });
    for (;;);
  },
  stops() {
    frame({ type: "said", items: [warning(1, "ready")] });
    Deno.kill(Deno.pid, "SIGSTOP");
  },
  ignores() {
    Deno.addSignalListener("SIGTERM", () => {});
    frame({ type: "said", items: [warning(1, "ready")] });
    stay();
  },
  /** Says its number again and again, whatever it is told. */
  talks() {
    let n = 0;
    setInterval(() => frame({ type: "said", items: [warning(++n, `pid ${Deno.pid}`)] }), 5);
  },
};
const ASKS = {
  type: "step_approval",
  action: "Go?",
  description: "",
  subject: 1,
  allowed: ["approved"],
  on_timeout: "fail",
};
/** What to do when a leaf has begun. */
let began = () => {};

function heard(message: { type: string; nonce: string; protocol: number; run: { task: string }; last: boolean }): void {
  if (message.type === "hello") {
    nonce = message.nonce;
    frame({ type: "ready", protocol: message.protocol });
  } else if (message.type === "describe") {
    frame({ type: "described", workflows: [DESCRIPTION] });
  } else if (message.type === "start") {
    task = message.run.task;
  } else if (message.type === "entries" && message.last) {
    acts[task]?.();
  } else if (message.type === "began") {
    began();
  } else if (message.type === "cancel" && task !== "ignores") {
    Deno.exit(0);
  }
}
let task = "";
const DESCRIPTION = {
  id: "hostile",
  label: "Hostile",
  description: "Breaks the rules",
  version: 1,
  config_schema: { type: "object", properties: {}, additionalProperties: false },
  supports_resume: true,
  supports_hitl: true,
  takes_messages: true,
  asks: [],
  source_digest: "0".repeat(64),
};

let held = "";
const decoder = new TextDecoder();
for await (const chunk of Deno.stdin.readable) {
  held += decoder.decode(chunk, { stream: true });
  for (let end = held.indexOf("\n"); end >= 0; end = held.indexOf("\n")) {
    const line = held.slice(0, end);
    held = held.slice(end + 1);
    heard(JSON.parse(line));
  }
}
Deno.exit(0);
