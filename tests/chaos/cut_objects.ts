// Joined JSON objects cut apart without changing a byte: stored lines as pages and batches carry them.

/** Cuts `{…},{…}` into its objects. */
export function cutObjects(joined: string): string[] {
  const objects: string[] = [];
  let depth = 0;
  let from = 0;
  let quoted = false;
  for (let i = 0; i < joined.length; i++) {
    const c = joined[i];
    if (quoted) {
      if (c === "\\") i++;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === "{" && depth++ === 0) from = i;
    else if (c === "}" && --depth === 0) objects.push(joined.slice(from, i + 1));
  }
  return objects;
}
