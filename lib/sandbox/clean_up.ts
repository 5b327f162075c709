// Takes back what a block made when it broke the limit of the disk.
import { removeTree } from "./own_folder.ts";
import { HIDDEN, type Survey } from "./survey.ts";

/** Removes the topmost entries that a walk before did not see, and names the first hundred; what was there stays. */
export async function removeNew(root: string, before: Survey): Promise<string[]> {
  const old = new Set([HIDDEN, ...before.files.keys(), ...before.folders]);
  const removed: string[] = [];
  // Only folders that were there before are gone into, so this is bounded by what the limits allowed then.
  for (const folder of ["", ...before.folders]) {
    for (const name of namesIn(folder === "" ? root : `${root}/${folder}`)) {
      const path = folder === "" ? name : `${folder}/${name}`;
      if (old.has(path)) continue;
      await removeTree(`${root}/${path}`).catch(() => {});
      if (removed.length < 100) removed.push(path);
    }
  }
  return removed;
}

function namesIn(folder: string): string[] {
  try {
    // A folder that is a link by now is not gone into.
    if (!Deno.lstatSync(folder).isDirectory) return [];
    return [...Deno.readDirSync(folder)].map((entry) => entry.name);
  } catch {
    return [];
  }
}
