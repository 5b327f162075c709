// Paths inside a session's folder, and the folder itself.
//
// Owns which names may be written and which may be read, and that no step of a path is a link.
//   N1. A path is relative, has no empty, `.` or `..` part, and does not begin in the host's own folder.
//   N2. A name that is written has no control or direction characters: it will stand in lists and headers. A program may
//       have made any other name, so reading takes them all.
import { AppError } from "../model/error.ts";
import { SessionId } from "../model/ids.ts";
import { openUp } from "./own_folder.ts";
import { HIDDEN, MAX_DEPTH } from "./survey.ts";

const MAX_PATH_CHARS = 1000;
const MAX_NAME_BYTES = 255;
/** Control characters, line separators, and marks that change the direction of text. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

/** Folder of a session; throws AppError invalid for what is no session id. */
export function sessionFolder(data_dir: string, session_id: string): string {
  if (!SessionId.safeParse(session_id).success) throw new AppError("invalid", "Cannot find a folder: no session id");
  return `${data_dir}/sessions/${session_id}`;
}

/** Makes the folder of a session unless it is there; throws when something else stands in its place. */
export async function ensureFolder(folder: string): Promise<void> {
  const info = await Deno.lstat(folder).catch(() => undefined);
  if (info === undefined) await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  else if (!info.isDirectory) {
    throw new AppError("internal", `Cannot use the session folder "${folder}": it is not a folder`);
  } else openUp(folder);
}

/** The parts of a path that is to be written; throws AppError invalid. */
export function writablePath(path: string): string[] {
  const parts = readablePath(path);
  if (parts === undefined) throw refuse(path, "it is not a path inside the folder");
  if (path.length > MAX_PATH_CHARS || parts.length > MAX_DEPTH) throw refuse(path, "it is too long");
  for (const part of parts) {
    if (new TextEncoder().encode(part).length > MAX_NAME_BYTES) throw refuse(path, "a name in it is too long");
    if (UNPRINTABLE.test(part) || !part.isWellFormed()) throw refuse(path, "it has characters that cannot be shown");
  }
  return parts;
}

/** The parts of a path that is to be read; undefined when nothing can lie there. */
export function readablePath(path: string): string[] | undefined {
  const parts = path.split("/");
  if (parts[0] === HIDDEN) return undefined;
  for (const part of parts) {
    if (part === "" || part === "." || part === ".." || part.includes("\0")) return undefined;
  }
  return parts;
}

/** Whether every folder on the way to a path is there and a real folder. */
export async function wayIsReal(root: string, parts: readonly string[]): Promise<boolean> {
  let at = root;
  for (const part of ["", ...parts.slice(0, -1)]) {
    if (part !== "") at += `/${part}`;
    const info = await Deno.lstat(at).catch(() => undefined);
    if (info === undefined || !info.isDirectory) return false;
  }
  return true;
}

/** Makes the folders on the way to a path; throws AppError invalid when something else stands in the way. */
export async function makeWay(root: string, parts: readonly string[]): Promise<void> {
  await ensureFolder(root);
  let at = root;
  for (const part of parts.slice(0, -1)) {
    at += `/${part}`;
    const info = await Deno.lstat(at).catch(() => undefined);
    if (info === undefined) await Deno.mkdir(at, { mode: 0o755 });
    else if (!info.isDirectory) throw refuse(parts.join("/"), `"${part}" is not a folder`);
  }
}

function refuse(path: string, reason: string): AppError {
  const shown = JSON.stringify(path.length > 200 ? `${path.slice(0, 200)}…` : path);
  return new AppError("invalid", `Cannot use the file name ${shown}: ${reason}`, {
    errors: [{ path: "path", message: reason }],
  });
}
