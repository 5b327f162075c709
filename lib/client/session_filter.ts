// Which sessions a list shows: the filter of its address, applied the same way on the server's page and to live rows.
import type { Session } from "../protocol/rest.ts";

/** The filter of a list; every field may be absent. */
export interface ListFilter {
  status?: Session["status"];
  needs_you?: boolean;
  q?: string;
}

/** Tells whether a session belongs into the list. */
export function matches(session: Session, filter: ListFilter): boolean {
  if (filter.status !== undefined && session.status !== filter.status) return false;
  if (filter.needs_you && session.pending_approvals === 0) return false;
  const q = filter.q?.trim().toLowerCase() ?? "";
  return q === "" || session.name.toLowerCase().includes(q) || session.task_line.toLowerCase().includes(q);
}

/** The order of lists: pinned first, then newest `updated_at`. */
export function inOrder(a: Session, b: Session): number {
  if (a.pinned !== b.pinned) return a.pinned ? -1 : 1;
  return a.updated_at < b.updated_at ? 1 : a.updated_at > b.updated_at ? -1 : a.session_id < b.session_id ? 1 : -1;
}

/** The address of a list with a filter. */
export function listHref(filter: ListFilter): string {
  const search = new URLSearchParams();
  if (filter.status !== undefined) search.set("status", filter.status);
  if (filter.needs_you) search.set("needs_you", "true");
  if (filter.q) search.set("q", filter.q);
  return search.size === 0 ? "/" : `/?${search}`;
}
