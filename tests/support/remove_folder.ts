// Removes a folder in which processes that were killed a moment ago may still write.

const PATIENCE_MS = 10_000;

/** Removes a folder and all in it. Throws what stands in the way after 10 s. */
export async function removeFolder(path: string): Promise<void> {
  for (const since = performance.now();; await new Promise((done) => setTimeout(done, 20))) {
    try {
      return await Deno.remove(path, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (performance.now() - since > PATIENCE_MS) throw error;
    }
  }
}
