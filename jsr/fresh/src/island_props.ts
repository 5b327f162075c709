// How props of islands travel to the browser, beyond what devalue knows by itself.
//
// All props of a page are written as one value, so a signal or an object that is given to two islands
// is one in the browser too. The other half stands in client/boot.ts.

import { isValidElement } from "preact";
import { Signal } from "@preact/signals";
import type { AnyNode } from "./node.ts";

/** Marks the place where an island shows content that the server rendered. */
export interface SlotRef {
  id: number;
  name: string;
}

const slots = new WeakMap<object, SlotRef>();

/** Remembers which slot a node stands for. */
export function markSlot(vnode: AnyNode, ref: SlotRef): AnyNode {
  slots.set(vnode, ref);
  return vnode;
}

/** Says whether a value is JSX; a signal passes for a node, because Preact shows its value where one stands. */
export function isNode(value: unknown): value is AnyNode {
  return isValidElement(value) && !(value instanceof Signal);
}

function slotOf(value: AnyNode): SlotRef {
  const ref = slots.get(value);
  if (ref) return ref;
  throw new TypeError("Cannot send JSX that lies deep inside an island's props: give it as a prop of its own");
}

/** The kinds of values that devalue is taught; each gives something truthy for its own. */
export const reducers: Record<string, (value: unknown) => unknown> = {
  Slot: (value) => isNode(value) && slotOf(value),
  Computed: (value) => value instanceof Signal && !isWritable(value) && [value.peek()],
  Signal: (value) => value instanceof Signal && [value.peek()],
  // An instance of a class goes as the plain object that its fields make.
  Fields: (value) => isInstance(value) && { ...value },
};

function isWritable(value: Signal): boolean {
  const proto: object = Object.getPrototypeOf(value);
  return Object.getOwnPropertyDescriptor(proto, "value")?.set !== undefined;
}

function isInstance(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Object.prototype.toString.call(value) !== "[object Object]") return false;
  const proto: unknown = Object.getPrototypeOf(value);
  return proto !== null && proto !== Object.prototype && Object.getPrototypeOf(proto) !== null;
}
