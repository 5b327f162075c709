// Whether the data folder can be written and read.

const TEXT = "holdfast";

/** Writes, reads and removes a small file; tells so, or throws. */
export async function probeDisk(folder: string): Promise<string> {
  const path = `${folder.replace(/\/+$/, "")}/.probe`;
  await Deno.writeTextFile(path, TEXT, { mode: 0o600 });
  const read = await Deno.readTextFile(path);
  await Deno.remove(path);
  if (read !== TEXT) throw new Error(`"${path}" does not hold what was written to it`);
  return "written and read";
}
