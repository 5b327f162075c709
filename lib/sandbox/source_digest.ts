// What workflows are made of, as one digest: a run whose journal does not fit is paused when this has changed.
import { AppError } from "../model/error.ts";

/** The sources that a built-in workflow's behaviour rests on. */
const FOLDERS = ["workers/agents", "workers/modes", "workers/runtime", "workers/sdk", "lib/model"];

/** SHA-256 over names and contents of the sources below a project, lower-case hex. */
export async function sourceDigest(project: string): Promise<string> {
  const parts: string[] = [];
  for (const folder of FOLDERS) {
    for (const path of (await filesBelow(`${project}/${folder}`)).sort()) {
      parts.push(path.slice(project.length), await Deno.readTextFile(path));
    }
  }
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(JSON.stringify(parts)));
  return new Uint8Array(hash).toHex();
}

async function filesBelow(folder: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory) found.push(...await filesBelow(path));
      else if (entry.isFile && path.endsWith(".ts")) found.push(path);
    }
  } catch (cause) {
    throw new AppError("internal", `Cannot read the sources of workflows in "${folder}"`, { cause });
  }
  return found;
}
