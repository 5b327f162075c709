// The host's tools on the session's folder: for `ctx.tool` and for the files of a step.
import { AppError } from "../../model/error.ts";
import type { Json } from "../../model/json.ts";
import type { FileArgs, ToolArgs } from "../../protocol/sandbox.ts";
import type { Folders } from "../ports.ts";
import { failureOf, type Outcome } from "./leaf.ts";

/** Most bytes of a file that a result of at most 1 MB can hold. */
const MAX_READ = 900_000;
/** Most files that a list names. */
const MAX_LISTED = 5_000;

/** Runs one tool. Never rejects but with the signal's reason. */
export async function runTool(
  folders: Folders,
  session_id: string,
  call: { args: FileArgs; signal: AbortSignal },
): Promise<Outcome> {
  try {
    const value = await carryOut(folders, session_id, call.args);
    call.signal.throwIfAborted();
    return { ok: true, value };
  } catch (error) {
    call.signal.throwIfAborted();
    return { ok: false, failure: failureOf(error) };
  }
}

/** Whether a tool may change the folder. */
export function writes(args: ToolArgs): boolean {
  return args.tool === "files_write" || args.tool === "fetch";
}

async function carryOut(folders: Folders, session_id: string, args: FileArgs): Promise<Json> {
  switch (args.tool) {
    case "files_list": {
      const files = await folders.scan(session_id);
      return files.slice(0, MAX_LISTED).map(({ path, size_bytes }) => ({ path, size_bytes }));
    }
    case "files_read":
      return await readFile(folders, session_id, args);
    case "files_write": {
      const info = await folders.write(session_id, args.path, new TextEncoder().encode(args.content));
      return { path: info.path, size_bytes: info.size_bytes };
    }
    default:
      return args satisfies never;
  }
}

async function readFile(
  folders: Folders,
  session_id: string,
  args: { path: string; max_bytes?: number | undefined },
): Promise<Json> {
  const limit = args.max_bytes ?? MAX_READ;
  if (limit > MAX_READ || limit < 1) {
    throw new AppError("invalid", `Cannot read "${args.path}": max_bytes is 1 to ${MAX_READ}`);
  }
  const { info, stream } = await folders.open(session_id, args.path);
  const bytes = await readAtMost(stream, limit);
  const truncated = info.size_bytes > bytes.length;
  // A cut may halve a character: the half becomes U+FFFD, as everywhere.
  return { content: new TextDecoder().decode(bytes), size_bytes: info.size_bytes, truncated };
}

async function readAtMost(stream: ReadableStream<Uint8Array>, limit: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(limit);
  let length = 0;
  for await (const chunk of stream) {
    const part = chunk.subarray(0, limit - length);
    bytes.set(part, length);
    length += part.length;
    if (length === limit) break;
  }
  return bytes.subarray(0, length);
}
