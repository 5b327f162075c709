// Reading and writing one file in a folder where code from outside has been.
//
// Owns that the file opened is the regular file that was looked at, and that a file is written whole or not at all.
//   R1. A file is opened once; what is read is what was opened, never more than its size then.
//   R2. The new content is complete in a folder that no program sees before it takes the place of the old.
import { AppError } from "../model/error.ts";
import { removeTree } from "./own_folder.ts";
import { makeWay, readablePath, wayIsReal } from "./safe_path.ts";

/** A regular file, open for reading. */
export interface OpenFile {
  readonly file: Deno.FsFile;
  readonly info: Deno.FileInfo;
}

/** Opens a regular file inside a folder without following a link; undefined when there is none. */
export async function openRegular(root: string, path: string): Promise<OpenFile | undefined> {
  const parts = readablePath(path);
  if (parts === undefined || !await wayIsReal(root, parts)) return undefined;
  const full = `${root}/${path}`;
  const seen = await Deno.lstat(full).catch(() => undefined);
  if (seen === undefined || !seen.isFile) return undefined;
  let file: Deno.FsFile;
  try {
    file = await Deno.open(full, { read: true });
  } catch {
    return undefined;
  }
  // Between the look and the opening the name may have come to mean another file, or a way through a link.
  const info = await file.stat();
  const real = await Deno.realPath(full).catch(() => undefined);
  const same = info.ino === seen.ino && info.dev === seen.dev && real === `${await Deno.realPath(root)}/${path}`;
  if (info.isFile && same) return { file, info };
  file.close();
  return undefined;
}

/** Reads a small regular file; undefined when there is none or it is larger. */
export async function readSmall(root: string, path: string, max_bytes: number): Promise<Uint8Array | undefined> {
  const open = await openRegular(root, path);
  if (open === undefined) return undefined;
  using file = open.file;
  if (open.info.size > max_bytes) return undefined;
  const bytes = new Uint8Array(open.info.size);
  let at = 0;
  while (at < bytes.length) {
    const read = await file.read(bytes.subarray(at));
    if (read === null) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

/** The content of an open file as a stream of at most its size; closes it at the end. */
export function streamOf({ file, info }: OpenFile): ReadableStream<Uint8Array> {
  let left = info.size;
  return new ReadableStream({
    type: "bytes",
    async pull(controller) {
      const buffer = new Uint8Array(Math.min(left, 65_536));
      const read = buffer.length === 0 ? null : await file.read(buffer);
      if (read === null) {
        file.close();
        controller.close();
        controller.byobRequest?.respond(0);
        return;
      }
      left -= read;
      controller.enqueue(buffer.subarray(0, read));
    },
    cancel() {
      file.close();
    },
  });
}

/** Puts a finished file in its place inside a folder, over a regular file or nothing. Throws AppError invalid. */
export async function placeFile(root: string, parts: readonly string[], finished: string): Promise<void> {
  await makeWay(root, parts);
  const full = `${root}/${parts.join("/")}`;
  const there = await Deno.lstat(full).catch(() => undefined);
  if (there !== undefined && !there.isFile) {
    throw new AppError("invalid", `Cannot write "${parts.join("/")}": what lies there is not a regular file`);
  }
  await Deno.rename(finished, full);
}

/** Removes a regular file inside a folder, where no step of its way is a link; nothing where there is none. */
export async function removeRegular(root: string, path: string): Promise<void> {
  const parts = readablePath(path);
  if (parts === undefined || !await wayIsReal(root, parts)) return;
  const full = `${root}/${path}`;
  const seen = await Deno.lstat(full).catch(() => undefined);
  if (seen?.isFile) await Deno.remove(full);
}

/** Writes a small file of the host's into a folder, replacing whatever lies at its place. */
export async function writeOwn(folder: string, name: string, text: string): Promise<void> {
  const path = `${folder}/${name}`;
  await removeTree(path).catch(() => {});
  using file = await Deno.open(path, { write: true, createNew: true, mode: 0o600 }); // a link there now is an error
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
