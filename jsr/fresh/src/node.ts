// Preact's nodes where their props are of no interest.

import { type ComponentChildren, type ComponentType, h, type VNode } from "preact";

/** A node of whatever component or element. */
// deno-lint-ignore no-explicit-any -- props are contravariant: only `any` takes nodes of all components
export type AnyNode = VNode<any>;

/** A component with whatever props. */
// deno-lint-ignore no-explicit-any -- as above
export type AnyType = ComponentType<any>;

/** What a hook may put in the place of a node's own type or props. */
export type Change = { type: AnyType } | { props: Record<string, unknown> };

/** Makes a node from props that are not typed. */
export function node(type: string | AnyType, props: object | null, ...children: ComponentChildren[]): AnyNode {
  return typeof type === "string" ? h(type, { ...props }, ...children) : h(type, props, ...children);
}
