// Where an error came from, for the author: own files with line and column, nothing of this runtime, no path of the host.
const PROJECT = new URL("../../", import.meta.url).href;
/** What no author of a workflow wrote. */
const NOT_WRITTEN = /^(node_modules|workers\/(runtime|sdk|testing|[a-z_]+\.ts))/;
const PLACE = /\(?((?:file|ext|node|data|blob|https?|checkin):[^\s()]*)\)?$/;
const MAX_FRAMES = 20;

/**
 * Makes a trace readable: its first lines (name and message), then the frames of the author's files. `folder` is the
 * address of the folder of own workflows.
 */
export function authorTrace(stack: string, folder: string | null): string {
  const lines = stack.split("\n");
  const first = lines.findIndex((line) => /^\s+at /.test(line));
  if (first < 0) return withoutFolder(stack, folder);
  const frames = lines.slice(first).flatMap((line) => frameOf(line, folder)).slice(0, MAX_FRAMES);
  return [...lines.slice(0, first).map((line) => withoutFolder(line, folder)), ...frames].join("\n");
}

/** The first place of an author's file in a stack, `file.ts:line:column`, or null. */
export function authorPlace(stack: string, folder: string | null): string | null {
  const [, ...frames] = authorTrace(`\n${stack}`, folder).split("\n");
  const frame = frames.find((line) => /^\s+at /.test(line));
  return frame === undefined ? null : /\(?([^\s()]+)\)?$/.exec(frame)?.[1] ?? null;
}

function frameOf(line: string, folder: string | null): string[] {
  const place = PLACE.exec(line)?.[1];
  if (place === undefined) return [];
  const shown = shownPlace(place, folder);
  return shown === null ? [] : [line.replace(place, shown)];
}

function shownPlace(place: string, folder: string | null): string | null {
  if (folder !== null && place.startsWith(`${folder}/`)) return place.slice(folder.length + 1);
  if (!place.startsWith(PROJECT)) return null;
  const path = place.slice(PROJECT.length);
  return NOT_WRITTEN.test(path) ? null : path;
}

function withoutFolder(text: string, folder: string | null): string {
  return (folder === null ? text : text.replaceAll(`${folder}/`, "")).replaceAll(PROJECT, "");
}
