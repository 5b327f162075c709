// Reads content that the server rendered for an island back into nodes of Preact.
//
// Only what HTML can say comes back: elements, attributes and text. Event handlers of the server's JSX
// do not exist. Islands in the content come back as components.

import { type ComponentChild, h } from "preact";
import { readMark, type Region } from "./regions.ts";

/** Makes the node of an island that stands inside a slot. */
export type IslandNode = (name: string, index: number) => ComponentChild;

/** Reads the content of a slot. */
export function slotNodes(slot: Region | DocumentFragment, island: IslandNode): ComponentChild[] {
  if (slot instanceof DocumentFragment) return siblings(slot.firstChild, { end: null, island });
  return siblings(slot.start.nextSibling, { end: slot.end, island });
}

function siblings(first: Node | null, scope: { end: Node | null; island: IslandNode }): ComponentChild[] {
  const found: ComponentChild[] = [];
  for (let node = first; node && node !== scope.end; node = node.nextSibling) {
    const mark = readMark(node);
    if (mark?.opens && mark.kind === "island") {
      found.push(scope.island(mark.first, Number(mark.second)));
      node = closing(node);
    } else if (node instanceof Text) {
      found.push(node.data);
    } else if (node instanceof Element) {
      const children = siblings(node.firstChild, { end: null, island: scope.island });
      found.push(h(node.localName, propsOf(node), ...children));
    }
  }
  return found;
}

// Gives the comment that closes the island which this one opens.
function closing(start: Node): Node {
  let depth = 0;
  for (let node: Node | null = start; node; node = node.nextSibling) {
    const mark = readMark(node);
    if (mark?.kind === "island") depth += mark.opens ? 1 : -1;
    if (depth === 0) return node;
  }
  return start;
}

function propsOf(element: Element): Record<string, unknown> {
  const props: Record<string, unknown> = {};
  for (const { name, value } of element.attributes) {
    if (name.startsWith("on")) continue;
    // An empty attribute of this kind means true, while an empty string as a property means false.
    const isFlag = value === "" && typeof Reflect.get(element, name) === "boolean";
    props[name] = isFlag ? true : value;
  }
  return props;
}
