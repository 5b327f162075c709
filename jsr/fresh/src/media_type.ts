// The content type of a file, by the end of its name.

const TEXT = "; charset=UTF-8";

const TYPES: Record<string, string> = {
  avif: "image/avif",
  css: `text/css${TEXT}`,
  csv: `text/csv${TEXT}`,
  gif: "image/gif",
  html: `text/html${TEXT}`,
  ico: "image/vnd.microsoft.icon",
  jpeg: "image/jpeg",
  jpg: "image/jpeg",
  js: `text/javascript${TEXT}`,
  json: `application/json${TEXT}`,
  map: `application/json${TEXT}`,
  md: `text/markdown${TEXT}`,
  mjs: `text/javascript${TEXT}`,
  mp3: "audio/mpeg",
  mp4: "video/mp4",
  pdf: "application/pdf",
  png: "image/png",
  svg: "image/svg+xml",
  ttf: "font/ttf",
  txt: `text/plain${TEXT}`,
  wasm: "application/wasm",
  webm: "video/webm",
  webmanifest: `application/manifest+json${TEXT}`,
  webp: "image/webp",
  woff: "font/woff",
  woff2: "font/woff2",
  xml: `text/xml${TEXT}`,
  zip: "application/zip",
};

/** Gives the content type for a path. */
export function mediaType(path: string): string {
  return TYPES[path.slice(path.lastIndexOf(".") + 1).toLowerCase()] ?? "application/octet-stream";
}
