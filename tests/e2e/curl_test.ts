// The curl section of the README, line by line as it stands there, with nothing but bash, curl and what every Unix has.
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { startServer } from "../support/server.ts";
import { until } from "./support/api.ts";
import { removeFolder } from "../support/remove_folder.ts";

const ROOT = new URL("../../", import.meta.url);
const PATIENCE_MS = 30_000;

/** The lines of the fence that follows "with curl alone". */
async function readmeLines(): Promise<string[]> {
  const readme = await Deno.readTextFile(new URL("README.md", ROOT));
  const [, fence = ""] = /with curl alone[\s\S]*?```sh\n([\s\S]*?)```/.exec(readme) ?? [];
  return fence.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** A shell that is told one line after the other, as a person would. */
class Shell implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #out: ReadableStreamDefaultReader<string>;
  readonly #timer: ReturnType<typeof setTimeout>;
  #rest = "";

  constructor(folder: string) {
    this.#child = new Deno.Command("bash", {
      args: ["--noprofile", "--norc", "-s"],
      cwd: folder,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#out = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    this.#timer = setTimeout(() => this.#child.kill("SIGKILL"), PATIENCE_MS);
  }

  /** Runs a line; gives what it printed. */
  async run(line: string): Promise<string> {
    const mark = crypto.randomUUID();
    await this.#keys.write(new TextEncoder().encode(`${line}\necho; echo ${mark}\n`));
    for (;;) {
      const at = this.#rest.indexOf(`\n${mark}\n`);
      if (at >= 0) {
        const said = this.#rest.slice(0, at);
        this.#rest = this.#rest.slice(at + mark.length + 2);
        return said;
      }
      const { value, done } = await this.#out.read();
      assert(!done, `the shell ended in: ${line}\n${this.#rest}`);
      this.#rest += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await this.#keys.close();
    await this.#child.status;
    await this.#out.cancel();
  }
}

Deno.test("[CURL1] the README's lines start the example by REST, follow it by SSE, approve twice, and fetch report and chart", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.symlink(new URL("examples", ROOT), `${folder}/examples`);
  const server = await startServer({ data: `${folder}/data` });
  try {
    await using shell = new Shell(folder);
    const lines = await readmeLines();
    const one = (part: string) => {
      const found = lines.find((line) => line.includes(part));
      assert(found !== undefined, `the README has no line with ${part}`);
      return found.replace("http://127.0.0.1:8000", server.url);
    };
    const stream = lines.findIndex((line) => line.includes("text/event-stream"));
    for (const line of lines.slice(0, stream)) assertEquals(await shell.run(one(line)), "");
    const session_id = await shell.run('printf %s "$SESSION"');
    assertMatch(session_id, /^[0-9a-f-]{36}$/);
    const seen = await shell.run(one("text/event-stream"));
    assertMatch(seen, /^id: 1$/m);
    assertStringIncludes(seen, '"event_type":"workflow_started"');

    let after = 0;
    for (const action of ["Carry out this plan of 5 steps?", "The figures and chart.svg are ready."]) {
      const asked = await until(server, session_id, "approval_requested", after);
      assertStringIncludes(`${asked.data["action"]}`, action);
      after = asked.seq;
      assertEquals(await shell.run(one("APPROVAL=")), "");
      assertEquals(JSON.parse(await shell.run(one("/resolve")))["resolution"], "approved");
    }
    await until(server, session_id, "complete", after);
    const { files } = JSON.parse(await shell.run(one("/files -H")));
    assert(files.some((file: { path: string }) => file.path === "report.md"));
    assertMatch(await shell.run(one("report.md")), /^# Global temperature, 1880 to 2023/);
    assertEquals(await shell.run(one("chart.svg")), "");
    assertMatch(await Deno.readTextFile(`${folder}/chart.svg`), /^<svg /);
  } finally {
    await server.close();
    await removeFolder(folder);
  }
});
