// `run TASK`: starts a task, uploads its inputs, follows it.
import type { Api } from "../client/api.ts";
import type { Json, JsonObject } from "../model/json.ts";
import { nameForTask } from "../model/task_title.ts";
import type { Surroundings } from "./environment.ts";
import { follow } from "./follow.ts";
import type { Line } from "./grammar.ts";
import { err, EXIT, Exit, harmless, out, table } from "./terminal.ts";

const because = (error: unknown) => error instanceof Error ? error.message : `${error}`;

/** TASK that names a file is read from it. */
async function taskText(task: string): Promise<string> {
  try {
    if (!(await Deno.stat(task)).isFile) return task;
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable) {
      throw unreadable(task, error);
    }
    // Prose is mostly no file name at all: not there, too long, with a NUL in it, below what is no folder.
    return task;
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(await Deno.readFile(task));
  } catch (error) {
    throw unreadable(task, error);
  }
}

const unreadable = (task: string, error: unknown) =>
  new Exit(EXIT.usage, `Cannot read the task from "${task}": ${because(error)}`);

/** `--set key=value`: the value is JSON where it parses, else text. */
export function settings(pairs: readonly (readonly [string, string])[]): JsonObject {
  return Object.fromEntries(pairs.map(([key, text]): [string, Json] => {
    try {
      const value: Json = JSON.parse(text);
      return [key, value];
    } catch {
      return [key, text];
    }
  }));
}

/** The inputs by their names, read before anything is started. */
async function inputs(paths: readonly string[]): Promise<Map<string, Blob>> {
  const found = new Map<string, Blob>();
  for (const path of paths) {
    const name = path.split("/").at(-1) ?? path;
    if (found.has(name)) throw new Exit(EXIT.usage, `Cannot upload "${path}": another input is named "${name}" too`);
    try {
      found.set(name, new Blob([await Deno.readFile(path)]));
    } catch (error) {
      throw new Exit(EXIT.usage, `Cannot read "${path}": ${because(error)}`);
    }
  }
  return found;
}

async function start(api: Api, line: Line<"run">): Promise<{ session_id: string; run_id: string }> {
  const task = await taskText(line.task);
  if (task.trim() === "") throw new Exit(EXIT.usage, "The task is empty.");
  const files = await inputs(line.file);
  const config = settings(line.set);
  const name = line.name === undefined ? {} : { name: line.name };
  if (files.size === 0) return await api.startTask({ task, config: { ...config, mode: line.mode }, ...name });
  const { session_id } = await api.createSession({
    mode: line.mode,
    config,
    name: line.name ?? nameForTask(task) ?? line.mode,
  });
  for (const [path, content] of files) await api.upload(session_id, path, content);
  return await api.startRun(session_id, { task });
}

/** Shows what the run left: its files and where to find it. */
async function ending(api: Api, here: Surroundings, session_id: string): Promise<void> {
  const { files } = await api.files(session_id);
  if (files.length > 0) out("\nFiles");
  const rows = files.map((file) => [`  ${harmless(file.path)}`, `${file.size_bytes} B`, harmless(file.media_type)]);
  for (const row of table(rows)) out(row);
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
