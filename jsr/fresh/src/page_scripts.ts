// The end of `<body>`: content for islands that stands nowhere yet, and the script that revives them.
//
//   S1. A page without islands gets no script in production.
//   S2. Slots come before the script: rendering them may meet further islands.

import { Fragment } from "preact";
import { stringify } from "devalue";
import { reducers } from "./island_props.ts";
import { type AnyNode, node } from "./node.ts";
import { currentPage, type Page } from "./page_state.ts";

/** Renders the end of the body, once a page. */
export function PageScripts(): AnyNode | null {
  const page = currentPage();
  if (!page || page.hasScripts) return null;
  page.hasScripts = true;
  return node(Fragment, null, node(RestSlots, null), node(BootScript, null));
}

// Renders one slot and then itself again, because the slot may have brought new ones.
function RestSlots(): AnyNode | null {
  const slot = currentPage()?.slots.find((slot) => !slot.rendered);
  if (!slot) return null;
  slot.rendered = true;
  const template = node("template", { id: `frsh-${slot.id}-${slot.name}` }, slot.children);
  return node(Fragment, null, template, node(RestSlots, null));
}

function BootScript(): AnyNode | null {
  const page = currentPage();
  if (!page?.snapshot || !page.needsRuntime()) return null;
  const code = bootCode(page, page.snapshot.clientEntry);
  return node("script", { type: "module", nonce: page.nonce, dangerouslySetInnerHTML: { __html: code } });
}

function bootCode(page: Page, clientEntry: string): string {
  const islands = [...page.islands];
  const url = (path: string) => text(page.basePath + path);
  const imports = islands.map(({ exportName, name, file }) =>
    `import ${exportName === "default" ? name : `{ ${exportName} as ${name} }`} from ${url(file)};`
  );
  const table = islands.map((island) => island.name).join(",");
  const props = text(stringify(page.islandProps, reducers));
  return `import { boot } from ${url(clientEntry)};${imports.join("")}boot({${table}},${props});`;
}

// A JS string that cannot end the script element or open a comment in it.
function text(value: string): string {
  return JSON.stringify(value).replaceAll("<", "\\u003c");
}
