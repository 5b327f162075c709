import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Flush } from "@/lib/live/flush.ts";

const TOPIC = "session:s";
const lineOf = (seq: number) => JSON.stringify({ seq, data: { message: `é,\n"${seq}` } });
const flushOf = (first_seq: number, last_seq: number) => {
  const lines = Array.from({ length: last_seq - first_seq + 1 }, (_, i) => `${lineOf(first_seq + i)}\n`);
  return Flush.of({ first_seq, last_seq, lines: new TextEncoder().encode(lines.join("")) });
};
const seqsOf = (flush: Flush) => JSON.parse(flush.batch(TOPIC)).batch.map(({ seq }: { seq: number }) => seq);
const upTo = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

Deno.test("[FLUSH1] one frame, single frames and lines hold the same lines, cut anywhere and put together", () => {
  fc.assert(
    fc.property(fc.nat(9), fc.nat(9), fc.nat(20), (some, more, cursor) => {
      const [one, other] = [flushOf(5, 5 + some), flushOf(6 + some, 6 + some + more)];
      const whole = Flush.joined(one, other);
      assert(whole !== null);
      assertEquals([whole.first_seq, whole.last_seq], [5, 6 + some + more]);
      const rest = whole.after(cursor);
      const seqs = upTo(Math.max(5, cursor + 1), whole.last_seq);
      assertEquals(rest === null ? [] : seqsOf(rest), seqs);
      if (rest === null) return;
      assertEquals(rest.first_seq, seqs[0]);
      assertEquals(rest.lines, seqs.map(lineOf));
      assertEquals(rest.single(TOPIC), seqs.map((seq) => `{"topic":"${TOPIC}",${lineOf(seq).slice(1)}`));
      assertEquals(JSON.parse(rest.batch(TOPIC)).batch, seqs.map((seq) => JSON.parse(lineOf(seq))));
    }),
    { seed: 5, numRuns: 100 },
  );
});

Deno.test("[FLUSH2] lines that do not follow one another are not put together", () => {
  assertEquals(Flush.joined(flushOf(1, 2), flushOf(4, 4)), null);
  assertEquals(Flush.joined(flushOf(1, 2), flushOf(2, 3)), null);
});
