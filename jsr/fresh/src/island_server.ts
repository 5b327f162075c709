// The place of an island in the server's HTML: two comments around its output, and its props on record.
//
// An island inside another island's own output is a plain component. Content that is given to it as
// JSX becomes a slot, because the browser gets it as HTML and not as code.

import { type ComponentChildren, Fragment } from "preact";
import { isNode, markSlot } from "./island_props.ts";
import { type AnyNode, type Change, node } from "./node.ts";
import { currentPage, type Page } from "./page_state.ts";
import type { Island } from "./snapshot.ts";

type Given = Record<string, ComponentChildren>;

/** Gives the type that stands for an island's node where it must be marked, else nothing. */
export function islandPlace(vnode: AnyNode, page: Page): Change | null {
  const island = page.island(vnode.type);
  if (!island || page.isInsideIsland(vnode)) return null;
  page.islands.add(island);
  return { type: (props: Given) => placeOf(island, props, page) };
}

function placeOf(island: Island, given: Given, page: Page): AnyNode {
  const props: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    props[name] = name === "children" || isNode(value) ? slotFor(name, value, page) : value;
  }
  const index = page.islandProps.push(props) - 1;
  const child = node(island.fn, props);
  page.made.add(child);
  return between(`island:${island.name}:${index}`, child);
}

function slotFor(name: string, children: ComponentChildren, page: Page): AnyNode {
  const id = page.slots.length;
  page.slots.push({ id, name, rendered: false, children });
  return markSlot(node(Slot, { id, name }, children), { id, name });
}

function Slot({ id, name, children }: { id: number; name: string; children?: ComponentChildren }): AnyNode {
  const slot = currentPage()?.slots[id];
  if (slot) slot.rendered = true;
  return between(`slot:${id}:${name}`, children);
}

function between(mark: string, content: ComponentChildren): AnyNode {
  const [kind] = mark.split(":");
  return node(Fragment, null, comment(`frsh:${mark}`), content, comment(`/frsh:${kind}`));
}

function comment(text: string): AnyNode {
  return node(Fragment, { UNSTABLE_comment: text });
}
