// The project's own source files, for tests that read them.
const ROOT = new URL("../../", import.meta.url);
const SKIP = new Set(["node_modules", "_fresh", "data", ".git", "coverage", ".cache", "static"]);

/** All TypeScript sources of the project as paths from its root, sorted. */
export async function sources(folder = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(new URL(folder === "" ? "." : `${folder}/`, ROOT))) {
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory && !SKIP.has(entry.name) && !entry.name.startsWith("_fresh")) {
      found.push(...await sources(path));
    } else if (entry.isFile && /\.tsx?$/.test(entry.name)) found.push(path);
  }
  return found.sort();
}

/** The text of a file of the project. */
export function readSource(path: string): Promise<string> {
  return Deno.readTextFile(new URL(path, ROOT));
}
