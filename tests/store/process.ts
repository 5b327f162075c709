// A program of its own process, for what would end the test's: fault points kill without a word.

/** Runs a program (its text) with this project's imports; how it ended and what it wrote. */
export async function outcomeOf(
  program: string,
): Promise<{ signal: Deno.Signal | null; stdout: string; stderr: string }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--config", new URL("../../deno.json", import.meta.url).pathname, program],
    env: { NO_COLOR: "1" },
    stdout: "piped",
    stderr: "piped",
  });
  const { signal, stdout, stderr } = await child.output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { signal, stdout: text(stdout), stderr: text(stderr) };
}
