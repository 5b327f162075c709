// Whether the data folder can be written and read.

const TEXT = "holdfast";

/** Writes, reads and removes a small file of its own; tells so, or throws. */
export async function probeDisk(folder: string): Promise<string> {
  const path = await Deno.makeTempFile({ dir: folder, prefix: ".probe-" });
  try {
    await Deno.writeTextFile(path, TEXT);
    if (await Deno.readTextFile(path) !== TEXT) throw new Error(`"${path}" does not hold what was written to it`);
    return "written and read";
  } finally {
    await Deno.remove(path);
  }
}
