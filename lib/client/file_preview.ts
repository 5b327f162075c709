// A preview of one file: what kind it is, and its text where it has one. Markdown becomes HTML that was made safe.
//
//   FP1. Nothing from a file is run: images come as <img>, Markdown passes DOMPurify, everything else is text.
//   FP2. An image in Markdown is a file of the same session, relative to the Markdown file, or it is not loaded.
import { createApi } from "./api.ts";

/** What a preview shows. */
export type Preview =
  | { kind: "loading" }
  | { kind: "image"; src: string }
  | { kind: "html"; html: string }
  | { kind: "text"; text: string; cut: boolean }
  | { kind: "none"; why: string };

const IMAGES = /\.(png|jpe?g|gif|webp|avif|svg)$/i;
const MARKDOWN = /\.(md|markdown)$/i;
const TEXTS = /\.(txt|csv|tsv|json|ndjson|ts|js|tsx|jsx|css|html?|xml|ya?ml|toml|log|py|sh)$/i;
/** Characters that are shown; more would hang the page. */
const MOST_SHOWN = 500_000;
const MOST_BYTES = 20 * MOST_SHOWN;

/** How a file is shown, by its name. */
export function previewKind(path: string): "image" | "markdown" | "text" | "none" {
  if (IMAGES.test(path)) return "image";
  if (MARKDOWN.test(path)) return "markdown";
  return TEXTS.test(path) ? "text" : "none";
}

/** Loads the preview of a file of a session. Throws ClientError. */
export async function loadPreview(session_id: string, file: { path: string; size_bytes: number }): Promise<Preview> {
  const api = createApi({ base: location.origin });
  const kind = previewKind(file.path);
  if (kind === "image") return { kind, src: `${api.filePath(session_id, file.path)}?v=${file.size_bytes}` };
  if (kind === "none") return { kind, why: "No preview for this kind of file." };
  if (file.size_bytes > MOST_BYTES) return { kind: "none", why: "Too large for a preview." };
  const text = await api.fileText(session_id, file.path);
  if (kind === "text" || text.length > MOST_SHOWN) {
    return { kind: "text", text: text.slice(0, MOST_SHOWN), cut: text.length > MOST_SHOWN };
  }
  const fileAt = (src: string) => {
    const path = imagePath(file.path, src);
    return path === null ? null : api.filePath(session_id, path);
  };
  return { kind: "html", html: await markdown(text, fileAt) };
}

/** The session's file that an image of a Markdown file means; null when it lies elsewhere. */
export function imagePath(markdownPath: string, src: string): string | null {
  if (/^[a-z][a-z0-9+.-]*:|^[\\/]{2}/i.test(src)) return null;
  const named = decoded(src.replace(/[?#].*$/s, ""));
  // What ends in no name is a folder.
  if (named === null || /(^|\/)\.{0,2}$/.test(named)) return null;
  const path: string[] = named.startsWith("/") ? [] : markdownPath.split("/").slice(0, -1);
  for (const part of named.split("/")) {
    if (part === "..") {
      if (path.pop() === undefined) return null;
    } else if (part !== "" && part !== ".") path.push(part);
  }
  return path.join("/");
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}

/** Markdown as safe HTML; `fileAt` gives the address of an image, null for one that is not loaded. */
export async function markdown(text: string, fileAt: (src: string) => string | null): Promise<string> {
  const [{ marked }, { default: purify }] = await Promise.all([import("marked"), import("dompurify")]);
  const html = await marked.parse(text, { gfm: true });
  const clean = purify.sanitize(html, {
    FORBID_TAGS: ["style", "form", "input", "button", "iframe", "object", "embed", "svg", "math"],
    FORBID_ATTR: ["style", "srcset"],
    RETURN_DOM_FRAGMENT: true,
  });
  for (const image of clean.querySelectorAll("img")) {
    const src = image.getAttribute("src") ?? "";
    const at = fileAt(src);
    if (at === null) image.replaceWith(`[image ${src} is not loaded]`);
    else image.setAttribute("src", at);
  }
  for (const link of clean.querySelectorAll("a")) {
    link.setAttribute("rel", "noopener noreferrer");
    link.setAttribute("target", "_blank");
  }
  const holder = document.createElement("div");
  holder.append(clean);
  return holder.innerHTML;
}
