// A session as NDJSON: what it is, its runs, approvals and files, then its whole log, each line as it is stored.
//
//   E1. It is read as it is sent: a long log is never in memory.
import type { UserPrincipal } from "../../model/principal.ts";
import { listApprovals, listFiles, listSessionRuns, type RecordQueryParts } from "./records.ts";
import { readDetail, type SessionQueryParts } from "./sessions.ts";

const PAGE = 200;
const encoder = new TextEncoder();
type Kind = "session" | "run" | "approval" | "file";

/** Exports a session. Throws AppError `not_found` before the first byte. */
export async function exportSession(
  parts: SessionQueryParts & RecordQueryParts,
  principal: UserPrincipal,
  session_id: string,
): Promise<ReadableStream<Uint8Array>> {
  const session = await readDetail(parts, principal, session_id);
  return ReadableStream.from(linesOf(parts, principal, { session_id, session }));
}

async function* linesOf(
  parts: SessionQueryParts & RecordQueryParts,
  principal: UserPrincipal,
  { session_id, session }: { session_id: string; session: unknown },
): AsyncGenerator<Uint8Array> {
  yield line("session", session);
  const pages = pagesOf((cursor) => listSessionRuns(parts, principal, { session_id, limit: PAGE, ...cursor }));
  for await (const run of pages) yield line("run", run);
  const approvals = pagesOf((cursor) => listApprovals(parts, principal, { session_id, limit: PAGE, ...cursor }));
  for await (const approval of approvals) yield line("approval", approval);
  for (const file of await listFiles(parts, principal, session_id)) yield line("file", file);
  for await (const chunk of parts.store.events.chunks(session_id, 0)) yield chunk.lines;
}

const line = (kind: Kind, value: unknown): Uint8Array => encoder.encode(`${JSON.stringify({ kind, [kind]: value })}\n`);

async function* pagesOf<T>(
  read: (cursor: { cursor?: string }) => Promise<{ items: T[]; next_cursor: string | null }>,
): AsyncGenerator<T> {
  let cursor: string | null = null;
  do {
    const page: { items: T[]; next_cursor: string | null } = await read(cursor === null ? {} : { cursor });
    yield* page.items;
    cursor = page.next_cursor;
  } while (cursor !== null);
}
