// What a session was granted beyond its own folder, as far as an exec can get it.
//
// Owns the refusal of grants that would open more than they say. A folder is granted by its real path, so what a link in
// the grant points to is what is granted. Hosts are never granted to a process: the check would be one of names, and a name
// can point anywhere an instant later. The server fetches for it (reach.ts).

/** What remains of the grants. */
export interface Granted {
  /** Real paths of folders and files. */
  readonly read: readonly string[];
  /** Why something was not granted, one sentence each. */
  readonly refused: readonly string[];
}

/** Trees that say too much about the server, and the places where a wall puts its own folders. */
const CLOSED = ["/proc", "/sys", "/dev", "/h", "/w", "/dd"];

/** Turns grants into folders to read. `closed` are the server's own folders: data of other sessions, secrets. */
export async function grantedFolders(
  grants: { readonly read: readonly string[] },
  closed: readonly string[],
): Promise<Granted> {
  const read = new Set<string>();
  const refused: string[] = [];
  for (const wanted of grants.read) {
    const real = wanted.startsWith("/") ? await Deno.realPath(wanted).catch(() => undefined) : undefined;
    if (real === undefined) refused.push(`Cannot grant reading "${wanted}": there is no such absolute path`);
    else if (isClosed(real, closed)) {
      refused.push(`Cannot grant reading "${wanted}": it would open the server's own files`);
    } else read.add(real);
  }
  return { read: [...read].sort(), refused };
}

/** Whether a path lies where nothing is granted: the server's own folders, and those that say too much about it. */
export function isClosed(real: string, closed: readonly string[]): boolean {
  return [...closed, ...CLOSED].some((folder) => overlaps(real, folder));
}

/** Whether one path lies in the other. */
function overlaps(a: string, b: string): boolean {
  return a === b || a === "/" || b === "/" || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}
