// The files of a session: what its runs made as events tell, and what else lies in its folder (inputs that were uploaded).
import type { FileView } from "../engine/view/types.ts";
import type { FileEntry } from "../protocol/rest.ts";

/** The files by their paths; what events tell is newer than the list. */
export function allFiles(told: readonly FileView[], listed: readonly FileEntry[]): FileView[] {
  const known = new Set(told.map((file) => file.file_path));
  const others = listed.filter(({ path }) => !known.has(path)).map((entry): FileView => ({
    file_path: entry.path,
    file_type: entry.media_type,
    size_bytes: entry.size_bytes,
    created_at: entry.modified_at,
    updated_at: entry.modified_at,
    run_id: entry.run_id,
    step_id: entry.step_id,
  }));
  return [...told, ...others].toSorted((a, b) => a.file_path < b.file_path ? -1 : a.file_path > b.file_path ? 1 : 0);
}
