// `<Head>`: elements that belong into the document's head, said from inside a page or an island.
//
// On the server they are collected (head_server.ts). In the browser, inside an island, they are
// applied to the live head after each render. The same key replaces: see `headKey`.

import { type ComponentChildren, createContext, type FunctionComponent, h, render, toChildArray } from "preact";
import { useEffect } from "preact/hooks";
import { IS_BROWSER } from "./environment.ts";

/** Props of {@linkcode Head}. */
export interface HeadProps {
  children?: ComponentChildren;
}

/** Where an element stands: inside `<Head>`, inside the document's own head, or elsewhere. */
export const HeadPlace = createContext<"collected" | "document" | null>(null);

/** Moves title, meta, link, script, style, base, noscript and template elements into the head. */
export const Head: FunctionComponent<HeadProps> = ({ children }) => {
  return IS_BROWSER ? h(LiveHead, { children }) : h(HeadPlace.Provider, { value: "collected" }, children);
};

const LiveHead: FunctionComponent<HeadProps> = ({ children }) => {
  useEffect(() => applyToHead(children));
  return null;
};

/** Makes the key by which one head element replaces another: what it says is left out of it. */
export function headKey(tag: string, attributes: Iterable<[string, unknown]>, key?: unknown): string {
  if (key !== undefined && key !== null) return `${tag}#${key}`;
  if (tag === "title") return tag;
  const content = tag === "meta" ? "content" : tag === "link" ? "href" : "";
  const said = new Set([content, "nonce", "children", "ref"]);
  const rest = [...attributes].filter(([name]) => !said.has(name)).map(([name, value]) => `${name}=${text(value)}`);
  return [tag, ...rest.sort()].join("::");
}

function text(value: unknown): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function applyToHead(children: ComponentChildren): void {
  for (const child of toChildArray(children)) {
    if (typeof child !== "object") continue;
    const made = document.createElement("div");
    render(child, made);
    const element = made.firstElementChild;
    if (!element) continue;
    if (child.key !== null && child.key !== undefined) element.setAttribute("data-key", String(child.key));
    if (element.localName === "title") document.title = element.textContent ?? "";
    else replaceInHead(element);
  }
}

function replaceInHead(element: Element): void {
  const key = keyOf(element);
  const old = [...document.head.querySelectorAll(element.localName)].find((other) => keyOf(other) === key);
  if (old?.outerHTML === element.outerHTML) return;
  if (old) old.replaceWith(element);
  else document.head.append(element);
}

function keyOf(element: Element): string {
  const attributes = [...element.attributes].map((attribute): [string, string] => [attribute.name, attribute.value]);
  return headKey(element.localName, attributes, element.getAttribute("data-key"));
}
