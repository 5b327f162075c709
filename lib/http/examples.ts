// The example runbooks that lie beside the program: read when a page asks for them.

/** An example runbook; `mode` is the one it is best begun with. */
export interface Example {
  name: string;
  title: string;
  text: string;
  mode: string;
}

const FOLDER = new URL("../../examples/", import.meta.url);

/** All examples, the shortest first; none where the folder is not there. */
export async function examples(): Promise<Example[]> {
  const found: Example[] = [];
  try {
    for await (const entry of Deno.readDir(FOLDER)) {
      if (!entry.isFile || !entry.name.endsWith(".md") || entry.name === "README.md") continue;
      const text = await Deno.readTextFile(new URL(entry.name, FOLDER));
      const title = /^# (.+)$/m.exec(text)?.[1] ?? entry.name;
      const planned = (text.match(/^## /gm)?.length ?? 0) > 2;
      found.push({ name: entry.name, title, text, mode: planned ? "planning-control" : "one-shot" });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found.sort((a, b) => a.text.length - b.text.length);
}
