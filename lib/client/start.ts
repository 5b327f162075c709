// Starting a task from the browser: one request, or session, uploads and run when there are input files.
//
// Repeating is safe: the run_id is chosen by the caller and is the key of the start, of its session too.
import type { Api } from "./api.ts";
import type { JsonObject } from "../model/json.ts";
import { nameForTask } from "../model/task_title.ts";

/** What a person wants started. */
export interface Wanted {
  task: string;
  mode: string;
  config: JsonObject;
  files: readonly File[];
  run_id: string;
}

/** What makes two starts the same one: to be sent again under the same run_id. */
export function startKey({ task, mode, config, files }: Omit<Wanted, "run_id">): string {
  return JSON.stringify([task, mode, config, files.map((file) => [file.name, file.size, file.lastModified])]);
}

/** Starts it; gives the session's id. Throws ClientError. */
export async function startWanted(api: Api, wanted: Wanted): Promise<string> {
  const { task, mode, config, files, run_id } = wanted;
  if (files.length === 0) return (await api.startTask({ task, config: { ...config, mode }, run_id })).session_id;
  const name = nameForTask(task);
  const session = await api.createSession({ mode, config, ...(name === null ? {} : { name }) }, run_id);
  for (const file of files) await api.upload(session.session_id, file.name, file);
  await api.startRun(session.session_id, { task, run_id });
  return session.session_id;
}
