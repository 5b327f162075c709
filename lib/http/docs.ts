// The REST interface as a page that reads without JavaScript, made from the table of routes.
import { type Operation, type Operations, ROUTES } from "../protocol/routes.ts";
import { openapi, operationsOf } from "./openapi.ts";

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font: 600 1rem/1.4 ui-monospace, monospace; margin: 2rem 0 .25rem; overflow-wrap: anywhere; }
code, pre { font: 13px/1.5 ui-monospace, monospace; }
pre { padding: .75rem; overflow: auto; max-height: 24rem; border: 1px solid color-mix(in oklab, currentColor 20%, transparent); }
b { font-weight: 650; } p { margin: .25rem 0; } summary { cursor: pointer; }`;

/** Answers with the page. */
export function docsPage(options: { version: string; url: string }): Response {
  const document = openapi(options);
  const sections = Object.entries(ROUTES).flatMap(([path, operations]) => sectionsOf(path, operations, document));
  const html = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Holdfast API ${escape(options.version)}</title><style>${STYLE}</style></head>
<body><main><h1>Holdfast API ${escape(options.version)}</h1>
<p>JSON over HTTP at <code>${escape(options.url)}</code>. Send <code>Authorization: Bearer TOKEN</code>. Errors are
RFC 9457 problems with a stable <code>code</code>. For programs: <a href="/api/openapi.json">openapi.json</a>.</p>
${sections.join("\n")}
</main></body></html>`;
  return new Response(html, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    },
  });
}

function sectionsOf(path: string, operations: Operations, document: ReturnType<typeof openapi>): string[] {
  return operationsOf(operations).map(([method, operation]) => {
    const described = valueAt(document, ["paths", path, method.toLowerCase()]);
    return `<section><h2>${method} ${escape(path)}</h2><p>${escape(operation.summary)}.${notes(operation)}</p>
${block("Query", valueAt(described, ["parameters"]))}${block("Body", bodySchema(described))}${
      block(`Answer ${operation.status}`, answerSchema(described, operation.status))
    }</section>`;
  });
}

function notes(operation: Operation): string {
  const who = operation.who === "everyone"
    ? " Needs no credentials."
    : operation.who === "admin"
    ? " For administrators."
    : "";
  return who + (operation.idempotent ? " Takes an <code>Idempotency-Key</code>." : "");
}

const bodySchema = (described: unknown) =>
  valueAt(described, ["requestBody", "content", "application/json", "schema"]) ??
    valueAt(described, ["requestBody", "content"]);
const answerSchema = (described: unknown, status: number) =>
  valueAt(described, ["responses", String(status), "content", "application/json", "schema"]) ??
    valueAt(described, ["responses", String(status), "content"]);

/** The value under a path of names, or undefined. */
function valueAt(value: unknown, names: readonly string[]): unknown {
  let at = value;
  for (const name of names) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Object.entries(at).find(([key]) => key === name)?.[1];
  }
  return at;
}

function block(title: string, value: unknown): string {
  if (value === undefined) return "";
  const text = escape(JSON.stringify(value, null, 2));
  return `<details><summary>${title}</summary><pre>${text}</pre></details>\n`;
}

const escape = (text: string) => text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
