// Reads a ZIP from its central directory, as unpackers do: names, contents, and whether the checksums fit.
import { crc32 } from "node:zlib";

/** What lies in a ZIP, by name. Throws where the archive contradicts itself. */
export function readZip(bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = bytes.length - 22;
  if (view.getUint32(end, true) !== 0x06054b50) throw new Error("no end of central directory");
  const count = view.getUint16(end + 10, true);
  const found = new Map<string, Uint8Array>();
  let at = view.getUint32(end + 16, true);
  for (let n = 0; n < count; n++) {
    if (view.getUint32(at, true) !== 0x02014b50) throw new Error("no central header");
    const sum = view.getUint32(at + 16, true);
    const size = view.getUint32(at + 24, true);
    const [name_length, extra, comment] = [28, 30, 32].map((of) => view.getUint16(at + of, true));
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + name_length!));
    const local = view.getUint32(at + 42, true);
    const begin = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const content = bytes.subarray(begin, begin + size);
    if (crc32(content) !== sum) throw new Error(`checksum of ${name}`);
    found.set(name, content);
    at += 46 + name_length! + extra! + comment!;
  }
  return found;
}

/** Reads a stream whole. */
export async function bytesOf(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
