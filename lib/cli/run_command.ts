// `run TASK`: starts a task, uploads its inputs, follows it.
import type { Api } from "../client/api.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { Surroundings } from "./environment.ts";
import { follow } from "./follow.ts";
import type { Line } from "./grammar.ts";
import { err, EXIT, Exit, out, table } from "./terminal.ts";

/** TASK that names a file is read from it. */
async function taskText(task: string): Promise<string> {
  try {
    const info = await Deno.stat(task);
    if (info.isFile) return await Deno.readTextFile(task);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.InvalidData) && !isBadName(error)) {
      throw new Exit(
        EXIT.usage,
        `Cannot read the task from "${task}": ${error instanceof Error ? error.message : error}`,
      );
    }
  }
  return task;
}
/** A task of prose may be no file name at all (too long, a NUL in it). */
const isBadName = (error: unknown) =>
  error instanceof TypeError || (error instanceof Error && /name too long|os error 36/i.test(error.message));

/** `--set key=value`: the value is JSON where it parses, else text. */
function settings(pairs: readonly (readonly [string, string])[]): JsonObject {
  const config: JsonObject = {};
  for (const [key, value] of pairs) {
    try {
      config[key] = JSON.parse(value) as Json;
    } catch {
      config[key] = value;
    }
  }
  return config;
}

async function upload(api: Api, session_id: string, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    let content: Uint8Array<ArrayBuffer>;
    try {
      content = await Deno.readFile(path);
    } catch (error) {
      throw new Exit(EXIT.usage, `Cannot read "${path}": ${error instanceof Error ? error.message : error}`);
    }
    await api.upload(session_id, path.split("/").at(-1) ?? path, new Blob([content]));
  }
}

async function start(api: Api, line: Line<"run">): Promise<{ session_id: string; run_id: string }> {
  const task = await taskText(line.task);
  if (task.trim() === "") throw new Exit(EXIT.usage, "The task is empty.");
  const config = settings(line.set);
  const name = line.name === undefined ? {} : { name: line.name };
  if (line.file.length === 0) return await api.startTask({ task, config: { ...config, mode: line.mode }, ...name });
  const session = await api.createSession({ mode: line.mode, config, ...name });
  await upload(api, session.session_id, line.file);
  return await api.startRun(session.session_id, { task });
}

/** Shows what the run left: its files and where to find it. */
async function ending(api: Api, here: Surroundings, session_id: string): Promise<void> {
  const { files } = await api.files(session_id);
  if (files.length > 0) out("\nFiles");
  for (const row of table(files.map((file) => [`  ${file.path}`, `${file.size_bytes} B`, file.media_type]))) out(row);
  out(`\n${new URL(`/sessions/${session_id}`, here.base)}`);
}

/** Starts a task and follows it; gives the exit code. */
export async function runCommand(line: Line<"run">, here: Surroundings, api: Api): Promise<number> {
  const { session_id, run_id } = await start(api, line);
  if (line.detach) {
    out(line.json ? JSON.stringify({ session_id, run_id }) : `${session_id}  ${run_id}`);
    return EXIT.done;
  }
  if (!line.json) err(`session ${session_id}`);
  const code = await follow({
    here,
    api,
    session_id,
    run_id,
    json: line.json,
    approvals: line.approveAll ? "yes" : here.interactive && !line.json ? "prompt" : "exit",
  });
  if (!line.json && (code === EXIT.done || code === EXIT.failed)) await ending(api, here, session_id);
  return code;
}
