// All files of a session as one ZIP, made while it is sent: nothing of it is ever whole in memory or on disk.
//
//   ZP1. Files are opened one by one, each as the regular file that it is (never through a link), and closed again, also
//        when the reader goes away in the middle.
//   ZP2. A file that is gone when its turn comes is left out; one that changes meanwhile is sent as it was read, at most
//        as long as it was when it was opened. Sizes stand behind the contents, so the archive is right either way.
//   ZP3. Names unpack inside the folder they are unpacked in, on every system, and no two are the same.
// Archives and files over 4 GB are written as Zip64 by the library; nothing is compressed.
import { makeZip } from "client-zip";
import type { FolderFile } from "../ports.ts";

/** Packs files as they are read. */
export function zipOf(files: readonly FolderFile[]): ReadableStream<Uint8Array> {
  let at: ReadableStreamDefaultReader<Uint8Array> | null = null;
  async function* entries() {
    const names = new Names();
    for (const file of files) {
      const open = await file.open();
      if (open === null) continue;
      at = open.getReader();
      yield { name: names.of(file.path), lastModified: dateOf(file.modified_ms), input: pulled(at) };
      at = null;
    }
  }
  const zip = makeZip(entries()).getReader();
  return new ReadableStream({
    pull: (controller) => passOn(zip, controller),
    async cancel(reason) {
      await zip.cancel(reason).catch(() => undefined);
      // The library does not cancel the file that it stands in: it would stay open.
      await at?.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;
const pulled = (reader: Reader) =>
  new ReadableStream<Uint8Array>({ pull: (controller) => passOn(reader, controller) }, { highWaterMark: 0 });

async function passOn(reader: Reader, controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
  const { done, value } = await reader.read();
  if (done) controller.close();
  else controller.enqueue(value);
}

/** A ZIP knows the years 1980 to 2107. */
function dateOf(modified_ms: number): Date {
  return new Date(Math.min(Math.max(modified_ms, Date.UTC(1980, 0, 2)), Date.UTC(2107, 11, 30)));
}

// deno-lint-ignore no-control-regex -- control characters are what it is about
const UNSAFE = /[\x00-\x1f\x7f\\:*?"<>|\u202a-\u202e\u2066-\u2069]/g;
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** One part of a path as every system takes it. */
function safePart(part: string): string {
  const safe = part.toWellFormed().replace(UNSAFE, "_").replace(/[. ]+$/, (end) => "_".repeat(end.length));
  if (safe === "") return "_";
  return RESERVED.test(safe) ? `_${safe}` : safe;
}

/** Rule ZP3; systems that fold case must not lose one of two files. */
class Names {
  readonly #taken = new Set<string>();

  of(path: string): string {
    const name = path.split("/").map(safePart).join("/");
    let free = name;
    for (let n = 2; this.#taken.has(free.toLowerCase()); n++) free = name.replace(/(\.[^./]*)?$/, ` (${n})$1`);
    this.#taken.add(free.toLowerCase());
    return free;
  }
}
