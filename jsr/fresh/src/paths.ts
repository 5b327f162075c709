// File paths and their URLs, with `/` only.

/** Resolves a path or a `file:` URL against a folder. */
export function resolvePath(folder: string, path: string): string {
  if (path.startsWith("file:")) return decodeURIComponent(new URL(path).pathname);
  const { pathname } = new URL(escape(path), fileUrl(`${folder}/`));
  return decodeURIComponent(pathname.length > 1 ? pathname.replace(/\/$/, "") : pathname);
}

/** Gives the URL of a file. */
export function fileUrl(path: string): string {
  return `file://${escape(path)}`;
}

/** Gives the way from a folder to a file or folder. */
export function relativePath(folder: string, file: string): string {
  const from = folder.split("/");
  const to = file.split("/");
  const different = from.findIndex((part, index) => part !== to[index]);
  const shared = different === -1 ? from.length : different;
  return [...from.slice(shared).map(() => ".."), ...to.slice(shared)].join("/") || ".";
}

/** Gives the relative specifier by which a module in the folder imports the file. */
export function relativeSpecifier(folder: string, file: string): string {
  const path = escape(relativePath(folder, file));
  return path.startsWith(".") ? path : `./${path}`;
}

// Characters with a meaning in URLs would end the path.
function escape(path: string): string {
  return path.replace(/[%?#]/g, encodeURIComponent);
}
