// A container for Preact that is only a stretch between two comments.

import type { ContainerNode } from "preact";
import type { Region } from "./regions.ts";

/** Makes the container; what is rendered into it stays between the comments. */
export function containerBetween({ start, end }: Region): ContainerNode {
  const parent = end.parentNode ?? document.body;
  const inside = (): ChildNode[] => {
    const nodes: ChildNode[] = [];
    for (let node = start.nextSibling; node && node !== end; node = node.nextSibling) nodes.push(node);
    return nodes;
  };
  // Preact skips comments when it looks for the next sibling and may name a node behind the end.
  const before = (child: unknown): Node => child instanceof Node && precedes(child, end) ? child : end;
  return {
    nodeType: Node.ELEMENT_NODE,
    parentNode: parent,
    get firstChild() {
      return inside()[0] ?? null;
    },
    get childNodes() {
      return inside();
    },
    contains: (other) => other instanceof Node && inside().some((node) => node.contains(other)),
    insertBefore: (node, child) => put(node, (own) => parent.insertBefore(own, before(child))),
    appendChild: (node) => put(node, (own) => parent.insertBefore(own, end)),
    removeChild: (node) => put(node, (own) => parent.removeChild(own)),
  };
}

function precedes(node: Node, other: Node): boolean {
  return (other.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_PRECEDING) !== 0;
}

function put<T>(node: T, change: (node: Node) => void): T {
  if (node instanceof Node) change(node);
  return node;
}
