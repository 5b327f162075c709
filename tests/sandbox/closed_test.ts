// Folders that code closes to their owner. Root overlooks modes, so the host runs without that right.
import { assertEquals, assertMatch } from "@std/assert";
import { PROJECT, temporaryFolder } from "./support.ts";

/** Gives up what lets root overlook modes; other users never have it. */
const WITHOUT = [
  "/usr/bin/setpriv",
  "--bounding-set=-dac_override,-dac_read_search",
  "--inh-caps=-dac_override,-dac_read_search",
];
const ROOT = Deno.uid() === 0;
const missing = Deno.build.os !== "linux" ? "needs Linux" : ROOT && !exists(WITHOUT[0] ?? "") ? "needs setpriv" : "";

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

Deno.test(
  `[SBX-EXEC-25] a folder that a block closes to its owner is seen, counted, and removed with its session ${missing}`,
  {
    ignore: missing !== "",
  },
  async () => {
    await using folder = temporaryFolder();
    const program = `${PROJECT}/tests/sandbox/fixtures/closing_program.ts`;
    const deno = [Deno.execPath(), "run", "-A", "--no-check", "--config", `${PROJECT}/deno.json`, program, folder.path];
    const [first = "", ...args] = ROOT ? [...WITHOUT, ...deno] : deno;
    const { stdout, stderr } = await new Deno.Command(first, { args, stderr: "piped" }).output();
    const said = new TextDecoder().decode(stdout);
    assertMatch(said, /^\{/, new TextDecoder().decode(stderr));
    const { ends, files, left } = JSON.parse(said);
    assertEquals(ends.toSpliced(1, 1), Array(6).fill("exit"));
    assertMatch(ends[1], /^disk .* take \d+ MB, the limit is 50 MB|^disk .*grew larger/);
    assertMatch(ends[1], /What it made was removed: "big"/);
    assertEquals([files, left], [["a/b/f", "list/g"], 0]);
  },
);
