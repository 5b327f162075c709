// Names of templates of compiled code: another name whenever what was compiled would not fit any more.
import type { Walls } from "./detect.ts";

/** Name of the template for exec processes. */
export function execTemplate(walls: Walls, parts: { digest: string; project: string; boot: string }): Promise<string> {
  return named("exec", walls, [parts.digest, parts.project, parts.boot]);
}

/** Name of the template for workflow sandboxes; a program that stands alone is its own source. */
export async function workflowTemplate(
  walls: Walls,
  { project, program, alone }: { project: string; program: string; alone: boolean },
): Promise<string> {
  if (alone) {
    const { mtime, size } = await Deno.stat(program);
    return named("workflow", walls, [program, `${size}`, `${mtime?.getTime()}`]);
  }
  const sources = await Promise.all(
    ["workers", "lib/model", "lib/protocol"].map((name) => newest(`${project}/${name}`)),
  );
  return named("workflow", walls, [project, program, ...sources.map(String)]);
}

async function named(kind: string, walls: Walls, parts: readonly string[]): Promise<string> {
  const text = JSON.stringify([Deno.version.deno, walls.deno, ...parts]);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return `${kind}-${walls.isolation}-${hash.toHex().slice(0, 16)}`;
}

/** Time of the last change below a folder of sources, without the exec sandbox, which has a template of its own. */
async function newest(folder: string): Promise<number> {
  let latest = 0;
  try {
    for await (const entry of Deno.readDir(folder)) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory && entry.name !== "exec") latest = Math.max(latest, await newest(path));
      if (entry.isFile) latest = Math.max(latest, (await Deno.lstat(path)).mtime?.getTime() ?? 0);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return latest;
}
