// How a session's files and blobs are answered: whatever a sandbox wrote, it must not act in our origin.
//
//   F1. Only pictures and plain text may be shown in place; everything else is an attachment.
//   F2. Nothing in a file runs: the policy sandboxes it, and the browser may not guess another type.
//   F3. The name in the header is made safe; the real one goes along percent-encoded.

/** Media types that may be shown in place, by ending. */
const INLINE: Readonly<Record<string, string>> = {
  png: "image/png",
  jpg: "image/jpeg",
  jpeg: "image/jpeg",
  gif: "image/gif",
  webp: "image/webp",
  avif: "image/avif",
  svg: "image/svg+xml",
  txt: "text/plain; charset=utf-8",
};
const SHOWN = new Set(Object.values(INLINE).map((media) => media.split(";")[0]));

const HEADERS = {
  "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
  "x-content-type-options": "nosniff",
  "cross-origin-resource-policy": "same-origin",
  "cache-control": "no-store",
} as const;

/** Headers for a file of a session, by its path. */
export function fileHeaders(path: string): Headers {
  const name = path.split("/").at(-1) ?? "file";
  const ending = name.includes(".") ? name.split(".").at(-1)?.toLowerCase() ?? "" : "";
  const media = Object.hasOwn(INLINE, ending) ? INLINE[ending] : undefined;
  return withName(media ?? "application/octet-stream", { name, inline: media !== undefined });
}

/** Headers for a blob, by its media type. */
export function blobHeaders(media_type: string, digest: string): Headers {
  const [type = ""] = media_type.toLowerCase().split(";").map((part) => part.trim());
  const inline = SHOWN.has(type);
  const media = type === "text/plain" ? "text/plain; charset=utf-8" : type;
  return withName(inline ? media : "application/octet-stream", { name: `${digest.slice(0, 16)}.bin`, inline });
}

/** Headers for an attachment of a known media type and name. */
export function attachmentHeaders(media_type: string, name: string): Headers {
  return withName(media_type, { name, inline: false });
}

function withName(media: string, { name, inline }: { name: string; inline: boolean }): Headers {
  const headers = new Headers(HEADERS);
  headers.set("content-type", media);
  const safe = name.replace(/[^A-Za-z0-9._ -]/g, "_").replace(/^[.\s-]+/, "_").slice(0, 100) || "file";
  const kind = inline ? "inline" : "attachment";
  headers.set("content-disposition", `${kind}; filename="${safe}"; filename*=UTF-8''${encodeName(name)}`);
  return headers;
}

/** Percent-encodes a name as RFC 8187 wants it; half a surrogate pair, which cannot be encoded, becomes U+FFFD. */
function encodeName(name: string): string {
  return encodeURIComponent(name.slice(0, 255).toWellFormed())
    .replace(/['()*]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** The media type of a file as lists name it. */
export function mediaTypeOf(path: string): string {
  return fileHeaders(path).get("content-type") ?? "application/octet-stream";
}
