// What is known about the page while it is rendered.
//
// Rendering is synchronous, so one page at a time is the current one.

import type { ComponentChildren } from "preact";
import type { AnyNode } from "./node.ts";
import type { Island, Snapshot } from "./snapshot.ts";

/** Content that is given to an island as JSX. */
export interface SlotContent {
  id: number;
  name: string;
  rendered: boolean;
  children: ComponentChildren;
}

/** The page that is being rendered. */
export class Page {
  readonly url: URL;
  readonly snapshot: Snapshot | null;
  readonly basePath: string;
  readonly nonce: string;
  /** Which of html, head and body were rendered. */
  readonly seen = new Set<string>();
  /** What stands in `<Head>`, by the key that makes one element replace another. */
  readonly head = new Map<string, AnyNode>();
  readonly slots: SlotContent[] = [];
  /** The islands of the page and the props of each place where one stands. */
  readonly islands = new Set<Island>();
  readonly islandProps: Record<string, unknown>[] = [];
  /** The component during whose rendering a node was made. */
  readonly owners = new WeakMap<AnyNode, AnyNode>();
  readonly ownerStack: AnyNode[] = [];
  /** Nodes that a hook has made itself and must not treat again. */
  readonly made = new WeakSet<AnyNode>();
  hasScripts = false;

  constructor(init: { url: URL; snapshot: Snapshot | null; basePath: string; nonce: string }) {
    this.url = init.url;
    this.snapshot = init.snapshot;
    this.basePath = init.basePath;
    this.nonce = init.nonce;
  }

  /** Gives the island that a component is, if it is one. */
  island(type: AnyNode["type"]): Island | undefined {
    return typeof type === "function" ? this.snapshot?.islands.get(type) : undefined;
  }

  /** Says whether a node was made while an island rendered itself. */
  isInsideIsland(vnode: AnyNode): boolean {
    for (let owner = this.owners.get(vnode); owner; owner = this.owners.get(owner)) {
      if (this.island(owner.type)) return true;
    }
    return false;
  }

  /** Says whether the page needs the browser's runtime. */
  needsRuntime(): boolean {
    return this.snapshot !== null && (this.islands.size > 0 || this.snapshot.alwaysRuntime);
  }

  /** Lists the modules that the browser should fetch before it meets the script. */
  preloads(): string[] {
    if (!this.snapshot || !this.needsRuntime()) return [];
    const files = new Set([this.snapshot.clientEntry, ...[...this.islands].map((island) => island.file)]);
    return [...files].map((file) => this.basePath + file);
  }
}

let current: Page | null = null;

/** Gives the page that is being rendered now. */
export function currentPage(): Page | null {
  return current;
}

/** Renders with the page as the current one. */
export function renderWith<T>(page: Page, render: () => T): T {
  const before = current;
  current = page;
  try {
    return render();
  } finally {
    current = before;
  }
}
