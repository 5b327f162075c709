// Folders whose owner has closed them to itself: code may take every right from what it made.
//
// Owns that the server still sees, and can remove, what lies there. Only folders are opened up, and only for their owner;
// a link is never followed.
import { runTool } from "./tools.ts";

/** The program that opens up a whole tree: it goes down by relative steps, so no path becomes too long for it. */
const CHMOD = "/bin/chmod";
const OPEN = 0o700;

/** Gives the owner of one folder its rights back; false when there is no such folder or it is not ours. */
export function openUp(path: string): boolean {
  try {
    const info = Deno.lstatSync(path);
    if (!info.isDirectory || info.mode === null) return false;
    if ((info.mode & OPEN) !== OPEN) Deno.chmodSync(path, (info.mode & 0o777) | OPEN);
    return true;
  } catch {
    return false;
  }
}

/** Removes a folder with all that is in it, closed or not. Throws what Deno.remove throws. */
export async function removeTree(path: string): Promise<void> {
  try {
    return await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  await runTool(CHMOD, ["-R", "u+rwx", "--", path]);
  await Deno.remove(path, { recursive: true });
}
