// A file that a person puts into the folder of a session.
//
//   UP1. A body may take minutes; what was deleted meanwhile stays deleted: the folder that the file made anew is removed,
//        and the answer is that there is no such session. Looked at after the file is in its place: a delete that comes
//        later finds it there.
import { AppError } from "../model/error.ts";
import type { UserPrincipal } from "../model/principal.ts";
import type { FileInfo, Folders } from "./ports.ts";

/** What an upload needs. */
export interface UploadParts {
  readonly folders: Pick<Folders, "write" | "remove">;
  /** Throws AppError `not_found` for a session that the person may not see. */
  mayWrite(principal: UserPrincipal, session_id: string): Promise<unknown>;
  /** Whether the session is there, by what is durable. */
  exists(session_id: string): Promise<boolean>;
  /** Settles when no sandbox of the session is left here. */
  gone(session_id: string): Promise<void>;
}

/** Writes a file of a person, whole or not at all. Throws AppError. */
export async function upload(
  parts: UploadParts,
  to: { principal: UserPrincipal; session_id: string; path: string },
  content: ReadableStream<Uint8Array> | Uint8Array,
): Promise<FileInfo> {
  const { principal, session_id, path } = to;
  await parts.mayWrite(principal, session_id);
  const written = await parts.folders.write(session_id, path, content).catch((error: unknown) => ({ error }));
  if (!await parts.exists(session_id)) {
    await parts.gone(session_id);
    await parts.folders.remove(session_id);
    throw new AppError("not_found", `Cannot write "${path}": the session is gone`);
  }
  if ("error" in written) throw written.error;
  return written;
}
