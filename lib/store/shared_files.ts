// The files of a session as all instances of a shared store know them: one row a file, contents in parts beside it.
//
//   X1. Everything that is written checks the gate of the session: nothing behind a delete, and with a fence nothing of a
//       sandbox that another one has followed.
//   X2. The parts of a content stand before a row names them. They are named by their digest and belong to this session's
//       files alone: what no row names any more may be removed.
//   X3. A row without content (`stored: false`) says that there is such a file, and that it lies on one instance only.
// Leaves to lib/service/shared_folders.ts: which copy is the newer one.
import * as z from "zod";
import { keys } from "./keys.ts";
import type { Kv } from "./kv.ts";
import { addTo, decodeRow, deleteRow, type Mutation, setRow } from "./mutation.ts";
import { joinBytes } from "./writer/lines.ts";
import { MAX_VALUE_BYTES } from "./writer/sizes.ts";
import { groups } from "./writer/stage.ts";

/** Bytes of a session's files whose contents are kept. */
export const MAX_SHARED_BYTES = 50_000_000;

const FileRow = z.strictObject({
  path: z.string(),
  digest: z.string(),
  size_bytes: z.int().nonnegative(),
  modified_ms: z.number(),
  stored: z.boolean(),
});
const Count = z.strictObject({ parts: z.int().nonnegative() });
const Gate = z.strictObject({ fence: z.int() });
/** A file as all instances know it. */
export type SharedFile = z.infer<typeof FileRow>;
/** The gate of a session as it was found; what is written checks it. */
export interface OpenGate {
  readonly session_id: string;
  readonly stamp: string;
}

/** Reads and writes the files that are shared. */
export interface SharedFiles {
  list(session_id: string): Promise<SharedFile[]>;
  /** The content of a file; null when it is not kept, or not any more. */
  content(session_id: string, digest: string): Promise<Uint8Array | null>;
  /** The gate, for those who hold this fence (null: for anybody); null when the session is gone or the fence is over. */
  gate(session_id: string, fence: number | null): Promise<OpenGate | null>;
  /** Keeps a content. False: the gate has moved. */
  keep(gate: OpenGate, digest: string, bytes: Uint8Array): Promise<boolean>;
  /** Sets and removes rows and contents that no row names any more. False: the gate has moved. */
  change(gate: OpenGate, rows: FileChanges): Promise<boolean>;
}
/** What changes. */
export interface FileChanges {
  readonly set: readonly SharedFile[];
  readonly removed: readonly string[];
  /** Digests of contents that go. */
  readonly unused: readonly string[];
}

/** Makes the shared files of a store. */
export function createSharedFiles(kv: Kv): SharedFiles {
  return {
    async list(session_id) {
      const files: SharedFile[] = [];
      for await (const entry of kv.list({ prefix: keys.files(session_id) }, { batchSize: 500 })) {
        const row = decodeRow(FileRow, entry);
        if (row !== null) files.push(row);
      }
      return files;
    },
    async content(session_id, digest) {
      const parts: Uint8Array[] = [];
      let count: z.infer<typeof Count> | null = null;
      for await (const entry of kv.list({ prefix: keys.fileContent(session_id, digest) }, { batchSize: 20 })) {
        if (entry.key[3] === "count") count = decodeRow(Count, entry);
        else if (entry.value instanceof Uint8Array) parts.push(entry.value);
      }
      return parts.length === count?.parts ? joinBytes(parts) : null;
    },
    async gate(session_id, fence) {
      const entry = await kv.get(keys.gate(session_id));
      const gate = decodeRow(Gate, entry);
      if (gate === null || entry.versionstamp === null || (fence !== null && gate.fence !== fence)) return null;
      return { session_id, stamp: entry.versionstamp };
    },
    async keep(gate, digest, bytes) {
      const parts = Math.ceil(bytes.length / MAX_VALUE_BYTES);
      const rows = Array.from({ length: parts }, (_, part): Mutation => ({
        type: "set",
        key: keys.filePart(gate.session_id, digest, part),
        value: bytes.subarray(part * MAX_VALUE_BYTES, (part + 1) * MAX_VALUE_BYTES),
      }));
      for (const group of groups(rows)) if (!await write(kv, gate, group)) return false;
      // How many parts there are comes last: a content is whole or not there.
      return await write(kv, gate, [setRow(keys.fileCount(gate.session_id, digest), { parts })]);
    },
    async change(gate, { set, removed, unused }) {
      const rows = [
        ...set.map((file) => setRow(keys.file(gate.session_id, file.path), file)),
        ...removed.map((path) => deleteRow(keys.file(gate.session_id, path))),
      ];
      for (const group of groups(rows)) if (!await write(kv, gate, group)) return false;
      for (const digest of unused) {
        const parts: Mutation[] = [];
        for await (const entry of kv.list({ prefix: keys.fileContent(gate.session_id, digest) }, { batchSize: 20 })) {
          parts.push(deleteRow(entry.key));
        }
        for (const group of groups(parts)) if (!await write(kv, gate, group)) return false;
      }
      return true;
    },
  };
}

async function write(kv: Kv, gate: OpenGate, rows: readonly Mutation[]): Promise<boolean> {
  const op = kv.atomic().check({ key: keys.gate(gate.session_id), versionstamp: gate.stamp });
  for (const row of rows) addTo(op, row);
  return (await op.commit()).ok || await stands(kv, gate);
}

/** Refused though the gate has not moved: a lie of the way to the store, the rows stand. */
async function stands(kv: Kv, gate: OpenGate): Promise<boolean> {
  return (await kv.get(keys.gate(gate.session_id))).versionstamp === gate.stamp;
}
