// What needs the person, live: the pending approvals, and what a frame of the topic `approvals` makes of them.
//
//   ND1. A snapshot is all there is; an item that is no longer pending is gone; nearest deadline first.
import { type ReadonlySignal, signal, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { JsonObject } from "../model/json.ts";
import { Approval } from "../protocol/rest.ts";
import { pageLine } from "./line.ts";

/** Names of the sessions that the page's list knows, for whoever shows one of them beside the list. */
export const sessionNames = signal<ReadonlyMap<string, string>>(new Map());

/** Pending approvals by their id. */
export type Needs = ReadonlyMap<string, Approval>;

function approvalsOf(values: readonly unknown[]): Approval[] {
  return values.flatMap((value) => Approval.safeParse(value).data ?? []);
}

/** What needs the person after a frame of the topic. */
export function afterNeedsFrame(needs: Needs, frame: { event_type: string; data: JsonObject }): Needs {
  const { event_type, data } = frame;
  switch (event_type) {
    case "snapshot":
      return new Map(
        approvalsOf(Array.isArray(data["items"]) ? data["items"] : []).map((one) => [one.approval_id, one]),
      );
    case "upsert":
      return new Map([
        ...needs,
        ...approvalsOf([data["item"]]).map((one): [string, Approval] => [one.approval_id, one]),
      ]);
    case "remove":
      return new Map([...needs].filter(([id]) => id !== data["id"]));
    default:
      return needs;
  }
}

/** Nearest deadline first. */
export function byDeadline(needs: Needs): Approval[] {
  return [...needs.values()].toSorted((a, b) => a.expires_at < b.expires_at ? -1 : a.expires_at > b.expires_at ? 1 : 0);
}

/** Follows what needs the person; begins with what the server rendered, `total` counts also what it left out. */
export function useNeeds(
  props: { approvals: readonly Approval[]; total: number },
): ReadonlySignal<{ shown: Approval[]; total: number }> {
  const needs = useSignal<Needs | null>(null);
  useEffect(() =>
    pageLine().subscribe("approvals", 0, {
      frame: (frame) => {
        if (needs.peek() !== null || frame.event_type === "snapshot") {
          needs.value = afterNeedsFrame(needs.peek() ?? new Map(), frame);
        }
      },
    }), []);
  return useComputed(() =>
    needs.value === null
      ? { shown: [...props.approvals], total: props.total }
      : { shown: byDeadline(needs.value).slice(0, 3), total: needs.value.size }
  );
}
