// From a page's node to a whole HTML document.
//
// The inside (page and layouts) is rendered first and the app wrapper last, so that what `<Head>` and
// islands inside have said is known when the wrapper's `<head>` and the end of `<body>` are written.
//   D1. Rendering is synchronous; only pages, layouts and the wrapper may be `async function`s, which
//       are called and awaited before, and may answer with a Response of their own.
//   D2. A document always has `<html>`, `<head>` and `<body>`.

import { type ComponentChildren, Fragment, type FunctionComponent } from "preact";
import { jsxTemplate } from "preact/jsx-runtime";
import { renderToString } from "preact-render-to-string";
import { type Context, nonceOf, snapshotOf, type Ui } from "./context.ts";
import { installElementHooks } from "./element_hooks.ts";
import { type AnyNode, node } from "./node.ts";
import { Page, renderWith } from "./page_state.ts";
import { PageScripts } from "./page_scripts.ts";
import type { PageProps, RouteComponent } from "./route.ts";

type Inside = { data?: unknown; Component?: FunctionComponent };

function propsOf<State>(ctx: Context<State>, inside: Inside): PageProps<unknown, State> {
  const { config, url, req, params, info, state, isPartial, error, route } = ctx;
  const { data, Component = () => null } = inside;
  return { config, url, req, params, info, state, isPartial, error, route, data, Component };
}

/** Makes the node of a page, layout or wrapper; an `async function` is run and may answer itself. */
export async function renderComponent<State>(
  ctx: Context<State>,
  component: RouteComponent<State>,
  inside: Inside,
): Promise<AnyNode | Response> {
  const props = propsOf(ctx, inside);
  if (!isAsync(component)) return node(component, props);
  const result = await component(props);
  return result instanceof Response ? result : node(Fragment, null, result);
}

type AsyncComponent<State> = (props: PageProps<unknown, State>) => Promise<ComponentChildren | Response>;

// Only the form of its declaration tells an async component before it is called.
function isAsync<State>(component: unknown): component is AsyncComponent<State> {
  return typeof component === "function" && component.constructor.name === "AsyncFunction";
}

/** Answers with the page inside its layouts and the wrapper. */
export async function renderDocument<State>(
  ctx: Context<State>,
  vnode: AnyNode | null,
  options: { ui: Ui<State>; init: ResponseInit },
): Promise<Response> {
  const { ui, init } = options;
  let inner = vnode;
  for (const layout of ui.layouts.toReversed()) {
    const child = inner;
    const result = await renderComponent(ctx, layout, { Component: () => child });
    if (result instanceof Response) return result;
    inner = result;
  }
  const content: { html: string } = { html: "" };
  const shell = ui.wrapper && await renderComponent(ctx, ui.wrapper, { Component: () => raw(content.html) });
  if (shell instanceof Response) return shell;

  const page = new Page({
    url: ctx.url,
    snapshot: snapshotOf(ctx),
    basePath: ctx.config.basePath,
    nonce: nonceOf(ctx),
  });
  installElementHooks();
  const html = renderWith(page, () => {
    content.html = renderToString(node(Fragment, null, inner));
    return complete(page, shell ? renderToString(shell) : content.html);
  });

  const headers = new Headers(init.headers);
  headers.set("content-type", "text/html; charset=utf-8");
  const preloads = page.preloads();
  if (preloads.length > 0) {
    headers.append("link", preloads.map((url) => `<${encodeURI(url)}>; rel="modulepreload"; as="script"`).join(", "));
  }
  return new Response(`<!DOCTYPE html>${html}`, { ...init, status: init.status ?? 200, headers });
}

function raw(html: string): AnyNode {
  return jsxTemplate([html]);
}

// What the page did not render of the document is put around it (D2): browsers would do so too, but
// might move the comments that mark islands.
function complete(page: Page, html: string): string {
  const missing = { html: !page.seen.has("html"), head: !page.seen.has("head"), body: !page.seen.has("body") };
  let result = html;
  if (missing.body) result = renderToString(node("body", null, raw(result), node(PageScripts, null)));
  if (missing.head) result = renderToString(node("head", null, node("meta", { charset: "utf-8" }))) + result;
  return missing.html ? `<html>${result}</html>` : result;
}
