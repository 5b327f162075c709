// What happens to nodes on their way to HTML on the server.
//
// Preact calls the hooks for every node that it renders; they act only while a page is rendered.
//   E1. A node may be rendered again, in another page: what a hook changed is put back first.
//   E2. Props are never changed in place: they may belong to the app.

import { Fragment, options } from "preact";
import { lockAssets } from "./asset.ts";
import { linkState } from "./active_link.ts";
import { headChildren, headElement, isHeadTag } from "./head_server.ts";
import { islandPlace } from "./island_server.ts";
import { type AnyNode, type Change, node } from "./node.ts";
import { currentPage, type Page } from "./page_state.ts";
import { PageScripts } from "./page_scripts.ts";

type Hook = ((vnode: AnyNode) => void) | undefined;
// The names that Preact gives its inner hooks in the published build: before a diff, before a render.
type InnerHooks = { vnode?: Hook; __b?: Hook; __r?: Hook; diffed?: Hook };

const pristine = new WeakMap<AnyNode, Pick<AnyNode, "type" | "props">>();
let installed = false;

/** Installs the hooks, once. */
export function installElementHooks(): void {
  if (installed) return;
  installed = true;
  const hooks: InnerHooks = options;
  const { vnode: onNode, __b: onDiff, __r: onRender, diffed: onDiffed } = hooks;
  hooks.vnode = (vnode) => {
    const page = currentPage();
    const owner = page?.ownerStack.at(-1);
    if (page && owner) page.owners.set(vnode, owner);
    onNode?.(vnode);
  };
  hooks.__b = (vnode) => {
    const page = currentPage();
    if (page) treat(vnode, page);
    onDiff?.(vnode);
  };
  hooks.__r = (vnode) => {
    if (isComponent(vnode)) currentPage()?.ownerStack.push(vnode);
    onRender?.(vnode);
  };
  hooks.diffed = (vnode) => {
    if (isComponent(vnode)) currentPage()?.ownerStack.pop();
    onDiffed?.(vnode);
  };
}

function isComponent(vnode: AnyNode): boolean {
  return typeof vnode.type === "function" && vnode.type !== Fragment;
}

function treat(vnode: AnyNode, page: Page): void {
  Object.assign(vnode, pristine.get(vnode));
  if (page.made.has(vnode)) return;
  const change = typeof vnode.type === "string" ? elementChange(vnode, page) : islandPlace(vnode, page);
  if (!change) return;
  pristine.set(vnode, { type: vnode.type, props: vnode.props });
  Object.assign(vnode, change);
}

function elementChange(vnode: AnyNode, page: Page): Change | null {
  const { props } = vnode;
  switch (vnode.type) {
    case "html":
      page.seen.add("html");
      return null;
    case "head":
      page.seen.add("head");
      return { props: { ...props, children: headChildren(props.children) } };
    case "body":
      page.seen.add("body");
      return { props: { ...props, children: [props.children, node(PageScripts, null)] } };
    case "a":
      return { props: { ...props, ...linkState(props, page.url) } };
    case "img":
    case "source":
      return { props: lockAssets(props) };
    default:
      return typeof vnode.type === "string" && isHeadTag(vnode.type) ? headElement(vnode, page) : null;
  }
}
