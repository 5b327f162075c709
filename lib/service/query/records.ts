// Runs, approvals, events, blobs and files of sessions, for those who may see them.
import { presentApproval, presentRun } from "../../engine/present.ts";
import { AppError } from "../../model/error.ts";
import { readLine } from "../../model/event.ts";
import { timestamp } from "../../model/ids.ts";
import type { UserPrincipal } from "../../model/principal.ts";
import type { Approval, EventsPage, FileEntry, Page, Run } from "../../protocol/rest.ts";
import type { AskedApproval } from "../../store/approvals.ts";
import type { Store } from "../../store/store.ts";
import type { Queries } from "../holdfast.ts";
import { mediaType } from "../media_types.ts";
import type { Folders } from "../ports.ts";
import { visibleRun } from "../starts.ts";
import type { Reads } from "../reads.ts";
import { visibleState } from "./sessions.ts";
import type { Views } from "./views.ts";

/** What questions about records need. */
export interface RecordQueryParts {
  readonly store: Store;
  readonly reads: Reads;
  readonly folders: Folders;
  readonly views: Views;
}
type PageOf<K extends "runs" | "approvals"> = Parameters<Queries[K]>[1];

/** Runs of one session, the newest first. */
export async function listSessionRuns(
  { store }: RecordQueryParts,
  principal: UserPrincipal,
  of: { session_id: string; limit: number; cursor?: string },
): Promise<Page<Run>> {
  await visibleState(store, principal, of.session_id);
  const found = await store.runs.list(of.session_id, of);
  return { ...found, items: found.items.map((run) => presentRun(run, { cut: true })) };
}

/** Runs of all sessions, the newest first. */
export async function listRuns(
  { store }: RecordQueryParts,
  principal: UserPrincipal,
  page: PageOf<"runs">,
): Promise<Page<Run>> {
  const { since, until, ...paging } = page;
  const found = await store.runs.between({
    ...paging,
    ...(since === undefined ? {} : { since_ms: Date.parse(since) }),
    ...(until === undefined ? {} : { until_ms: Date.parse(until) }),
    ...(principal.admin ? {} : { owner_id: principal.id }),
    visible: (session_id) => store.summaries.sees(principal, session_id),
  });
  return { ...found, items: found.items.map((run) => presentRun(run, { cut: true })) };
}

/** One run. Throws AppError `not_found`. */
export async function readRun({ reads }: RecordQueryParts, principal: UserPrincipal, run_id: string): Promise<Run> {
  return presentRun(await visibleRun({ reads }, principal, run_id));
}

/** Approvals, the nearest deadline first. */
export async function listApprovals(
  parts: RecordQueryParts,
  principal: UserPrincipal,
  page: PageOf<"approvals">,
): Promise<Page<Approval>> {
  const { store } = parts;
  const { status, session_id, ...paging } = page;
  if (session_id !== undefined) await visibleState(store, principal, session_id);
  const found = await store.approvals.list({
    ...paging,
    ...(isStatus(status) ? { status } : {}),
    ...(session_id === undefined ? {} : { session_id }),
    visible: (id) => store.summaries.sees(principal, id),
  });
  return { ...found, items: await Promise.all(found.items.map((one) => withAnswer(parts, one))) };
}

const STATUSES = ["pending", "resolved", "expired", "cancelled"] as const;
const isStatus = (status: string | undefined): status is (typeof STATUSES)[number] =>
  STATUSES.some((one) => one === status);

async function withAnswer({ reads }: RecordQueryParts, { row, ask }: AskedApproval): Promise<Approval> {
  if (row.status === "pending" || row.status === "cancelled") return presentApproval(row, ask);
  const found = await reads.approval(row.session_id, row.approval_id);
  return presentApproval(row, ask, found?.result ?? null);
}

/** One approval. Throws AppError `not_found`. */
export async function readApproval(
  { reads, store }: RecordQueryParts,
  principal: UserPrincipal,
  approval_id: string,
): Promise<Approval> {
  const session_id = await reads.sessionOfApproval(approval_id);
  if (session_id !== null) {
    await visibleState(store, principal, session_id);
    const found = await reads.approval(session_id, approval_id);
    if (found !== null) return presentApproval(found.row, found.ask, found.result);
  }
  throw new AppError("not_found", `Cannot find approval "${approval_id}": unknown, or not visible to you`);
}

/** Stored lines of a log, each without its newline. Throws AppError `not_found`. */
export async function readLines(
  { store }: RecordQueryParts,
  principal: UserPrincipal,
  of: { session_id: string } & Parameters<Queries["eventLines"]>[2],
): Promise<{ lines: string[]; head_seq: number; next_after: number }> {
  const { session_id, ...page } = of;
  await visibleState(store, principal, session_id);
  const found = await store.events.page(session_id, page);
  if (found === null) throw new AppError("not_found", `Cannot read the events of session "${session_id}": it is gone`);
  return { ...found, lines: found.lines.map((line) => line.trimEnd()) };
}

/** Events of a log. Throws AppError `not_found`. */
export async function readEvents(
  parts: RecordQueryParts,
  principal: UserPrincipal,
  of: Parameters<typeof readLines>[2],
): Promise<EventsPage> {
  const { lines, head_seq, next_after } = await readLines(parts, principal, of);
  return { events: lines.map(readLine), head_seq, next_after };
}

/** A large value. Throws AppError `not_found`. */
export async function readBlob(
  { store }: RecordQueryParts,
  principal: UserPrincipal,
  of: { session_id: string; digest: string },
): Promise<{ media_type: string; bytes: Uint8Array }> {
  await visibleState(store, principal, of.session_id);
  const blob = await store.blobs.get(of.session_id, of.digest);
  if (blob !== null) return blob;
  throw new AppError("not_found", `Cannot find blob "${of.digest}": session "${of.session_id}" has none such`);
}

/** Files of a session, with the step that made or changed each last. Throws AppError `not_found`. */
export async function listFiles(
  { store, folders, views }: RecordQueryParts,
  principal: UserPrincipal,
  session_id: string,
): Promise<FileEntry[]> {
  await visibleState(store, principal, session_id);
  const [files, { view }] = await Promise.all([folders.scan(session_id), views.read(session_id)]);
  const told = new Map(view.files.map((file) => [file.file_path, file]));
  return files.map((file) => ({
    path: file.path,
    size_bytes: file.size_bytes,
    media_type: mediaType(file.path),
    modified_at: timestamp(Math.floor(file.modified_ms)),
    run_id: told.get(file.path)?.run_id ?? null,
    step_id: told.get(file.path)?.step_id ?? null,
  }));
}
