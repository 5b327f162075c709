// The test command: everything that must pass, in one go.
//
// Installs what the suites need where it can (Chromium and bubblewrap by apt-get, the packages of the exec sandbox),
// says what it could not, runs the suites one after another and sums up what they counted. Exit code 1 on any failure.
// `deno task test -- NAME…` runs only the suites named.
import { prepare } from "./support/prepare.ts";
import { type Counted, type Suite, SUITES } from "./support/suites.ts";

const encoder = new TextEncoder();
const say = (text: string) => void Deno.stdout.writeSync(encoder.encode(`${text}\n`));

/** Copies a stream to our stdout and returns its text. */
async function tee(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text += decoder.decode(chunk, { stream: true });
    Deno.stdout.writeSync(chunk);
  }
  return text;
}

/** Runs one suite and reads how many tests passed and failed in it. */
async function run(suite: Suite): Promise<Counted> {
  const started = performance.now();
  say(`\n== ${suite.name}: deno ${suite.args.join(" ")}`);
  const child = new Deno.Command(Deno.execPath(), {
    args: suite.args,
    env: { NO_COLOR: "1", ...suite.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [out, err, { code }] = await Promise.all([tee(child.stdout), tee(child.stderr), child.status]);
  const counted = suite.count(out + err, code);
  say(`== ${suite.name}: ${counted.passed} passed, ${counted.failed} failed, ${seconds(started)}`);
  return counted;
}

const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

const started = performance.now();
const wanted = Deno.args.filter((arg) => arg !== "--");
const suites = SUITES.filter((suite) => wanted.length === 0 || wanted.includes(suite.name));
if (suites.length === 0) {
  say(`no such suite; there are: ${SUITES.map((suite) => suite.name).join(", ")}`);
  Deno.exit(2);
}
const missing = await prepare(suites.some((suite) => suite.needs === "everything"), say);
const total: Counted = { passed: 0, failed: 0 };
for (const suite of suites) {
  const counted = await run(suite);
  total.passed += counted.passed;
  total.failed += counted.failed;
}
for (const what of missing) say(`could not: ${what}`);
say(`\nTotal: ${total.passed} passed, ${total.failed} failed`);
say(`in ${seconds(started)}`);
Deno.exit(total.failed === 0 ? 0 : 1);
