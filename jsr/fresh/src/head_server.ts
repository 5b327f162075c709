// Collects what stands in `<Head>` and puts it into the document's head.
//
// An element of the document's own head with the same key is replaced in its place; what has no
// counterpart there follows at the end.

import { type ComponentChildren, Fragment } from "preact";
import { useContext } from "preact/hooks";
import { headKey, HeadPlace } from "./head.ts";
import { type AnyNode, type Change, node } from "./node.ts";
import { currentPage, type Page } from "./page_state.ts";

const TAGS = new Set(["title", "meta", "link", "script", "style", "base", "noscript", "template"]);
const WITH_NONCE = new Set(["script", "style"]);

type Props = Record<string, unknown>;

/** Says whether `<Head>` moves this element. */
export function isHeadTag(tag: string): boolean {
  return TAGS.has(tag);
}

/** Puts what was collected behind the own children of the document's head. */
export function headChildren(children: ComponentChildren): AnyNode {
  return node(HeadPlace.Provider, { value: "document" }, children, node(RemainingHead, null));
}

/** Gives the type that decides, when it is rendered, where a head element goes. */
export function headElement(vnode: AnyNode, page: Page): Change {
  const tag = String(vnode.type);
  const given: Props = vnode.props;
  const id = headKey(tag, Object.entries(given), vnode.key);
  return {
    type: (props: Props) => {
      const place = useContext(HeadPlace);
      const nonce = WITH_NONCE.has(tag) && !props.nonce ? { nonce: page.nonce } : {};
      const key = vnode.key === undefined || vnode.key === null ? {} : { "data-key": vnode.key };
      const element = node(tag, { ...props, ...nonce, ...key });
      page.made.add(element);
      if (place === null) return element;
      const collected = page.head.get(id);
      if (place === "document") {
        page.head.delete(id);
        return collected ?? element;
      }
      page.head.set(id, element);
      return null;
    },
  };
}

function RemainingHead(): AnyNode {
  const page = currentPage();
  const rest = [...page?.head.values() ?? []];
  page?.head.clear();
  return node(Fragment, null, rest);
}
