// Frames of a workflow sandbox a second through the host's end of the line: split, read, checked, handed over one by one.
//
// The bytes lie in memory, so that no child takes the processor from the host; reading the same lines as JSON and nothing
// else stands beside.
import { Channel } from "../../lib/sandbox/channel.ts";
import { systemClock as clock } from "../../lib/service/system.ts";
import { type Case, median, round } from "../report.ts";

const FRAMES = 200_000;
const ROUNDS = 5;
/** What a pipe gives at once. */
const CHUNK_BYTES = 65_536;
const NONCE = "n".repeat(32);

const frame = (i: number) => {
  const say = { what: "print", stream: "print", message: `${"x".repeat(70)}${i}` };
  return JSON.stringify({ type: "said", items: [{ scope: "step/one", place: { leaves: 3, counter: i }, say }] });
};

function* chunks(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.slice(at, at + CHUNK_BYTES);
}

async function through(lines: readonly string[]): Promise<number> {
  const text = ['{"type":"ready","protocol":1}', ...lines].map((line) => `\x1e${NONCE}${line}\n`).join("");
  let heard = 0, broken = "";
  const channel = new Channel({
    stdout: ReadableStream.from(chunks(new TextEncoder().encode(text))),
    stderr: ReadableStream.from<Uint8Array>([]),
    nonce: NONCE,
    clock,
    broken: ({ message }) => broken = message,
  });
  await channel.ready;
  const started = performance.now();
  channel.attach({ frame: () => void heard++, output: () => {} }, Number.MAX_SAFE_INTEGER);
  await channel.ended;
  if (heard !== lines.length) throw new Error(`only ${heard} of ${lines.length} frames came: ${broken}`);
  return heard / ((performance.now() - started) / 1000);
}

function raw(lines: readonly string[]): number {
  const started = performance.now();
  let read = 0;
  for (const line of lines) if (JSON.parse(line) !== null) read++;
  return read / ((performance.now() - started) / 1000);
}

/** Frames through a channel. */
export const channelFrames: Case = async () => {
  const lines = Array.from({ length: FRAMES }, (_, i) => frame(i));
  const rates: number[] = [], raws: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    rates.push(await through(lines));
    raws.push(raw(lines));
  }
  const [value, beside] = [median(rates), median(raws)];
  return [{
    figure: "frames through a channel, checked",
    value: round(value),
    unit: "per_s",
    samples: FRAMES * ROUNDS,
    raw: { name: "the same lines through JSON.parse, nothing else", value: round(beside) },
    ratio: round(value / beside),
  }];
};
