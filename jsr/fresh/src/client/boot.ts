// Brings the islands of a page to life in the browser.
//
//   B1. All props are read before anything is rendered: slots are read from HTML that rendering changes.
//   B2. Each outermost island is a root of its own; an error in one leaves the others alone.
//   B3. Rendering takes over the server's DOM and does not build a new one.

import { computed, signal } from "@preact/signals";
import { parse } from "devalue";
import { type ComponentChild, Fragment, h, options, render } from "preact";
import { lockAssets } from "../asset.ts";
import type { SlotRef } from "../island_props.ts";
import { type AnyNode, type AnyType, node } from "../node.ts";
import { containerBetween } from "./container.ts";
import { type Place, readRegions } from "./regions.ts";
import { slotNodes } from "./slots.ts";

type Props = Record<string, unknown>;

/** Revives the islands with the props that the server wrote into the page. */
export function boot(islands: Record<string, AnyType>, text: string): void {
  lockImages();
  const { places, slots } = readRegions();
  const island = (name: string, index: number): ComponentChild => h(Inner, { name, index });
  const Inner = ({ name, index }: { name: string; index: number }) => make(name, index);
  const make = (name: string, index: number): AnyNode | null => {
    const type = islands[name];
    return type ? node(type, all[index] ?? null) : null;
  };
  const all: Props[] = parse(text, {
    Signal: ([value]: [unknown]) => signal(value),
    Computed: ([value]: [unknown]) => computed(() => value),
    Fields: (value: unknown) => value,
    Slot: ({ id }: SlotRef) => {
      const slot = slots.get(id);
      return h(Fragment, null, slot ? slotNodes(slot, island) : null);
    },
  });
  for (const place of places) setTimeout(() => revive(place, make(place.name, place.index)));
}

function revive(place: Place, vnode: AnyNode | null): void {
  if (vnode && place.end.parentNode) render(vnode, containerBetween(place));
}

// Images of islands keep the URL that the server gave them, so they are not fetched twice.
function lockImages(): void {
  const hooks: { __b?: (vnode: AnyNode) => void; vnode?: unknown } = options;
  const onDiff = hooks.__b;
  hooks.__b = (vnode) => {
    if (vnode.type === "img" || vnode.type === "source") vnode.props = lockAssets(vnode.props);
    onDiff?.(vnode);
  };
}
