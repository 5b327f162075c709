// `drill`: one kill -9 of a server in front of the operator, while one run prints and another waits for a person.
//
//   DR1. Detected is when the viewer's line broke; recovered is when the run that printed prints again and the question
//        that was open has been answered, both counted from the kill.
//   DR2. Lost is what somebody had seen and is not there any more: a line byte for byte, the question, the end of a run.
//        Repeated is what had finished and ran again, or a line that stands twice. A block that was cut off runs again:
//        that is no repetition, and is said.
import { type Api, createApi } from "../../client/api.ts";
import type { Surroundings } from "../environment.ts";
import type { Line } from "../grammar.ts";
import { EXIT, out } from "../terminal.ts";
import { hostServer, ownServer, type Victim } from "./victim.ts";
import { Witness } from "./witness.ts";

const mark = (block: string) => `await Deno.writeTextFile("ran.txt", "${block}\\n", { append: true });`;
const fence = (code: string) => `\n\`\`\`ts\n${code}\n\`\`\`\n`;
const PRINTS = `# Drill: prints

## Before
${fence(`${mark("before")}\nconsole.log("before");`)}
## While
${
  fence(`${mark("while")}
for (let i = 0; i < 150; i++) {
  console.log("line", i);
  await new Promise((resolve) => setTimeout(resolve, 10));
}`)
}
## After
${fence(`${mark("after")}\nconsole.log("after");`)}`;
const WAITS = `# Drill: waits

## Ask
${fence(mark("before"))}
> approve: Does the question outlive the server?
${fence(mark("after"))}`;
const PRINTED = 20;

/** What a drill came to; milliseconds from the kill. */
interface Outcome {
  readonly pid: number;
  readonly detected_ms: number;
  readonly ready_ms: number;
  readonly printing_again_ms: number;
  readonly answered_ms: number;
  readonly recovered_ms: number;
  readonly lines_seen: number;
  readonly lost: number;
  readonly repeated: number;
  /** Blocks that were cut off and ran again. */
  readonly cut_off: number;
}

/** `drill`. */
export async function drill(line: Line<"drill">, here: Surroundings): Promise<number> {
  const say = (text: string) => line.json || out(text);
  say(line.pid === undefined ? "starting a server with a data folder of its own …" : `the server at ${here.base}`);
  await using victim = line.pid === undefined ? await ownServer(line.folder) : hostServer(here, line.pid);
  const outcome = await act(victim, say);
  if (line.json) out(JSON.stringify(outcome));
  else for (const text of table(outcome)) out(text);
  return outcome.lost === 0 && outcome.repeated === 0 ? EXIT.done : EXIT.failed;
}

interface Task {
  readonly session_id: string;
  readonly run_id: string;
  readonly witness: Witness;
}

async function act(victim: Victim, say: (text: string) => void): Promise<Outcome> {
  const api = createApi({ base: victim.base, token: victim.token });
  await using ends = new AsyncDisposableStack();
  const begin = async (task: string): Promise<Task> => {
    const { session_id, run_id } = await api.startTask({ task, config: { mode: "one-shot" } });
    return { session_id, run_id, witness: ends.use(new Witness(victim, session_id)) };
  };
  const [prints, waits] = [await begin(PRINTS), await begin(WAITS)];
  const { at } = await waits.witness.until((one) => one.includes('"event_type":"approval_requested"'));
  await prints.witness.until((one) => one.includes(`"message":"line ${PRINTED}"`));
  const approval_id = approvalOf(waits.witness.lines[at] ?? "");
  say(`one run prints, one waits for an answer; kill -9 of process ${victim.pid}`);
  const seen = [prints, waits].map(({ witness }) => [...witness.lines]);
  const before = prints.witness.lines.length;
  const killed = performance.now();
  const { pid } = victim;
  await victim.kill();
  await victim.again();
  const ready = performance.now();
  say("it answers again");
  const [printing, answered] = await Promise.all([
    prints.witness.until((one) => one.includes(`"message":"line 0"`), before),
    answer(api, approval_id),
  ]);
  say("the run prints again, the question is answered; both go on to their end …");
  await Promise.all(
    [prints, waits].map(({ witness }) => witness.until((one) => one.includes('"event_type":"complete"'))),
  );
  const broke = prints.witness.broke ?? ready;
  const found = await compare(victim, api, { tasks: [prints, waits], seen });
  for (const { session_id } of [prints, waits]) await api.deleteSession(session_id);
  const since = (then: number) => Math.round(then - killed);
  return {
    pid,
    detected_ms: since(broke),
    ready_ms: since(ready),
    printing_again_ms: since(printing.seen),
    answered_ms: since(answered),
    recovered_ms: since(Math.max(printing.seen, answered)),
    lines_seen: seen.flat().length,
    ...found,
  };
}

function approvalOf(line: string): string {
  return /"approval_id":"([^"]+)"/.exec(line)?.[1] ?? "";
}

/** Answers the question that was open before the kill; when it was answered. */
async function answer(api: Api, approval_id: string): Promise<number> {
  await api.resolve(approval_id, { resolution: "approved" });
  return performance.now();
}

/** Reads everything again and compares it with what was seen. */
async function compare(
  victim: Victim,
  api: Api,
  { tasks, seen }: { tasks: readonly Task[]; seen: readonly (readonly string[])[] },
): Promise<Pick<Outcome, "lost" | "repeated" | "cut_off">> {
  const count = { lost: 0, repeated: 0, cut_off: 0 };
  for (const [i, { session_id, run_id, witness }] of tasks.entries()) {
    await using reader = new Witness(victim, session_id);
    await reader.until((one) => one.includes('"event_type":"complete"'));
    const known = [...seen[i] ?? [], ...witness.lines.slice(seen[i]?.length ?? 0)];
    count.lost += known.filter((line, at) => reader.lines[at] !== line).length + reader.missing + witness.missing;
    count.repeated += reader.repeated + witness.repeated;
    if ((await api.run(run_id)).status !== "completed") count.lost++;
    const marks = (await api.fileText(session_id, "ran.txt")).trim().split("\n");
    for (const block of ["before", "while", "after"]) {
      const again = Math.max(0, marks.filter((one) => one === block).length - 1);
      if (block === "while") count.cut_off += again;
      else count.repeated += again;
    }
  }
  return count;
}

function table(outcome: Outcome): string[] {
  const { pid, detected_ms, ready_ms, printing_again_ms, answered_ms, recovered_ms } = outcome;
  const row = (what: string, value: string) => `  ${what.padEnd(26)}${value}`;
  return [
    `kill -9 of process ${pid}`,
    row("detected after", `${detected_ms} ms (the viewer's line broke)`),
    row("answers again after", `${ready_ms} ms`),
    row("question answered after", `${answered_ms} ms`),
    row("run prints again after", `${printing_again_ms} ms`),
    row("recovery time", `${recovered_ms} ms`),
    row("lost", `${outcome.lost} (of ${outcome.lines_seen} lines that were seen, one question, two runs)`),
    row("repeated", `${outcome.repeated} (and ${outcome.cut_off} block that was cut off ran again, as it must)`),
  ];
}
