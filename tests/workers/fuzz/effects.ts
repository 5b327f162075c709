// What the outside world does for the leaves of random programs.
import type { Json } from "../../../lib/model/json.ts";
import type { BeginFrame } from "../../../lib/protocol/sandbox.ts";

/** The text of a leaf's arguments: how often it fails, and what its branch saw. */
export function textOf(frame: BeginFrame): string {
  if (frame.kind === "model") return frame.args.messages[0]?.content ?? "0";
  if (frame.kind === "exec") return frame.args.code ?? "0";
  return frame.kind === "tool" && frame.args.tool === "files_read" ? frame.args.path : "0";
}

/** A result that shows its number. */
export function resultOf(frame: BeginFrame, value: number): Json {
  if (frame.kind === "tool") return { content: `t${value}`, size_bytes: 1, truncated: false };
  if (frame.kind === "model") {
    const usage = { input_tokens: 0, output_tokens: 0, cached_input_tokens: 0, cost_usd: 0, limit_tokens: null };
    return { text: `m${value}`, calls: [], finish: "stop", output: null, usage: { ...usage, model: "m" } };
  }
  const ended = { ok: true, ended: "exit", exit_code: 0, stdout: "", stderr: "", duration_ms: 1, files: [] };
  return { ...ended, value };
}
