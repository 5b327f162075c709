import { assertEquals, assertLess } from "@std/assert";
import type { JournalEntry, SettledEntry } from "@/lib/model/journal.ts";
import type { Json } from "@/lib/model/json.ts";
import { type HostFrame, MAX_FRAME_BYTES } from "@/lib/protocol/sandbox.ts";
import { JournalFeed } from "@/lib/service/driver/journal_feed.ts";

const at = "2026-01-05T09:00:00.000Z";
const base = { scope: "", pos: 0, kind: "step" as const, digest: "d", attempt: 1, at, failures: [] };
const done = (key: string, n: number, value: Json = null): SettledEntry => ({
  ...base,
  key,
  name: key,
  n,
  status: "done",
  value,
});
const open = (key: string): JournalEntry => ({ ...base, key, name: key, status: "open" });
const map = (...entries: JournalEntry[]) => new Map(entries.map((entry) => [entry.key, entry]));

/** A feed whose frames are collected; a value that is a text is read back in capitals. */
function feed() {
  const frames: HostFrame[] = [];
  const made = new JournalFeed({
    send: (frame) => void frames.push(frame),
    resolve: (value) => Promise.resolve(typeof value === "string" ? value.toUpperCase() : value),
    failed: (error) => {
      throw error;
    },
  });
  const settled = () => frames.flatMap((frame) => frame.type === "settle" ? [frame.entry.key] : []);
  const stored = () => frames.flatMap((frame) => frame.type === "entries" ? frame.entries.map((one) => one.key) : []);
  return { made, frames, settled, stored };
}
/** Lets what is on its way arrive: a feed waits for nothing but promises that are settled here. */
const arrived = () => new Promise<void>((resolve) => void setImmediate(resolve));

Deno.test("[JFEED1] what is stored goes ahead by number, whatever its keys, open leaves last, values whole", async () => {
  const { made, frames, stored } = feed();
  await made.sendStored(map(done("a", 9, "text"), open("b"), done("c", 7)), [done("kept", 3)]);
  assertEquals(stored(), ["kept", "c", "a", "b"]);
  const last = frames.at(-1);
  assertEquals(last?.type === "entries" && last.last, true);
  const whole = last?.type === "entries" ? last.entries.find((one) => one.key === "a") : undefined;
  assertEquals(whole?.status === "done" && whole.value, "TEXT");
});

Deno.test("[JFEED2] what settles leaves in the order of its numbers, each once", async () => {
  const { made, settled } = feed();
  await made.sendStored(map(open("a"), open("b"), open("c")), []);
  const [a, b] = [done("a", 3), done("b", 2)];
  made.deliver(map(a, b, open("c")));
  made.deliver(map(a, b, done("c", 4)));
  await arrived();
  assertEquals(settled(), ["b", "a", "c"]);
});

Deno.test("[JFEED3] an entry whose begin is not acknowledged holds back itself and all behind it", async () => {
  const { made, settled } = feed();
  await made.sendStored(map(open("a")), []);
  made.beginning("b");
  made.deliver(map(done("a", 1), done("b", 2), done("c", 3)));
  await arrived();
  assertEquals(settled(), ["a"]);
  made.begun("b");
  await arrived();
  assertEquals(settled(), ["a", "b", "c"]);
});

Deno.test("[JFEED4] stored entries go in frames far below the largest one, and only the last lets the code begin", async () => {
  const { made, frames, stored } = feed();
  const many = Array.from({ length: 2_000 }, (_, n) => done(`k${n}`, n + 1, { text: "x".repeat(2_000) }));
  await made.sendStored(map(...many), []);
  assertEquals(stored(), many.map((entry) => entry.key));
  for (const frame of frames) assertLess(JSON.stringify(frame).length, MAX_FRAME_BYTES / 2);
  const last = frames.map((frame) => frame.type === "entries" && frame.last);
  assertEquals(last, frames.map((_, at) => at === frames.length - 1));
});
