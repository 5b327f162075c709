// A preview of one file: what kind it is, and its text where it has one. Markdown becomes HTML that was made safe.
//
//   FP1. Nothing from a file is run: images come as <img>, Markdown passes DOMPurify, everything else is text.
import { createApi } from "./api.ts";

/** What a preview shows. */
export type Preview =
  | { kind: "loading" }
  | { kind: "image"; src: string }
  | { kind: "html"; html: string }
  | { kind: "text"; text: string; cut: boolean }
  | { kind: "none"; why: string };

const IMAGES = /\.(png|jpe?g|gif|webp|avif|svg)$/i;
const TEXTS = /\.(txt|md|markdown|csv|tsv|json|ndjson|ts|js|tsx|jsx|css|html?|xml|ya?ml|toml|log|py|sh)$/i;
const MOST_BYTES = 500_000;

/** Loads the preview of a file of a session. Relative images of a Markdown file are the session's own files. */
export async function loadPreview(session_id: string, file: { path: string; size_bytes: number }): Promise<Preview> {
  const api = createApi({ base: location.origin });
  const src = api.filePath(session_id, file.path);
  if (IMAGES.test(file.path)) return { kind: "image", src: `${src}?v=${file.size_bytes}` };
  if (!TEXTS.test(file.path)) return { kind: "none", why: "No preview for this kind of file." };
  if (file.size_bytes > 20 * MOST_BYTES) return { kind: "none", why: "Too large for a preview." };
  const text = await (await api.file(session_id, file.path)).text();
  if (/\.(md|markdown)$/i.test(file.path)) {
    return {
      kind: "html",
      html: await markdown(text, (path) => api.filePath(session_id, path)),
    };
  }
  return { kind: "text", text: text.slice(0, MOST_BYTES), cut: text.length > MOST_BYTES };
}

/** Markdown as safe HTML; `fileAt` gives the address of a relative path. */
export async function markdown(text: string, fileAt: (path: string) => string): Promise<string> {
  const [{ marked }, { default: purify }] = await Promise.all([import("marked"), import("dompurify")]);
  const html = await marked.parse(text, { gfm: true });
  const clean = purify.sanitize(html, {
    FORBID_TAGS: ["style", "form", "input", "button", "iframe", "object", "embed", "svg", "math"],
    FORBID_ATTR: ["style", "srcset"],
    RETURN_DOM_FRAGMENT: true,
  });
  for (const image of clean.querySelectorAll("img")) {
    const path = image.getAttribute("src") ?? "";
    if (/^[a-z][a-z0-9+.-]*:|^\/\//i.test(path)) image.replaceWith(`[image ${path} is not loaded]`);
    else image.setAttribute("src", fileAt(path.replace(/^\.?\//, "")));
  }
  for (const link of clean.querySelectorAll("a")) {
    link.setAttribute("rel", "noopener noreferrer");
    link.setAttribute("target", "_blank");
  }
  const holder = document.createElement("div");
  holder.append(clean);
  return holder.innerHTML;
}
