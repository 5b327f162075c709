import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { LiveClient, type TopicHandlers } from "@/lib/client/live.ts";
import { event, frame, handLine, HandSocket, TOPIC } from "./fake_line.ts";

/** A client whose line stands, following the session from a cursor; `seen` is what its subscriber was told. */
function following(after = 0) {
  const hand = handLine();
  const client = new LiveClient(hand.options);
  const seen: number[] = [];
  const frames: string[] = [];
  const handlers: TopicHandlers = {
    events: (events) => void seen.push(...events.map((one) => one.seq)),
    frame: (one) => void frames.push(one.event_type),
  };
  client.connect();
  const leave = client.subscribe(TOPIC, after, handlers);
  hand.last().open();
  return { ...hand, client, seen, frames, leave };
}
const batch = (...seqs: number[]) => ({ topic: TOPIC, batch: seqs.map((seq) => event(seq)) });

Deno.test("[LC1] a session is asked for from its cursor, in batches, and again from the last seq after a reconnect", () => {
  const { last, clock, seen } = following(7);
  assertEquals(last().sent, [{ type: "subscribe", topic: TOPIC, after: 7, batch: true }]);
  last().say(batch(8, 9));
  last().lose();
  clock.advance(1000);
  last().open();
  assertEquals(last().sent, [{ type: "subscribe", topic: TOPIC, after: 9, batch: true }]);
  last().say(batch(10));
  assertEquals(seen, [8, 9, 10]);
});

Deno.test("[LC1] what was told before is not told again, in a batch or alone", () => {
  const { last, seen } = following();
  last().say(batch(1, 2, 3));
  last().say(batch(2, 3, 4));
  last().say({ topic: TOPIC, ...event(4) });
  last().say({ topic: TOPIC, ...event(5) });
  assertEquals(seen, [1, 2, 3, 4, 5]);
});

Deno.test("[LC1] a line of a subscription that was given up does not make the next one skip what comes before it", () => {
  const { last, client, leave } = following();
  last().say(batch(1, 2));
  leave();
  const seen: number[] = [];
  client.subscribe(TOPIC, 0, { events: (events) => void seen.push(...events.map((one) => one.seq)) });
  last().say(batch(3, 4));
  last().say(batch(1, 2, 3));
  last().say(batch(4));
  assertEquals(seen, [1, 2, 3, 4]);
});

/** A server with one log: what it has sent is under way until it is delivered, and so is what the client says. */
class LogServer {
  head = 0;
  socket = new HandSocket("none", []);
  #cursor: number | null = null;
  #read = 0;
  #underWay: unknown[] = [];

  take(socket: HandSocket): void {
    Object.assign(this, { socket });
    this.#cursor = null;
    this.#read = 0;
    this.#underWay = [];
  }
  /** Hears one message of the client. */
  hear(): boolean {
    const message = this.socket.sent[this.#read];
    if (message === undefined) return false;
    this.#read++;
    this.#cursor = message["type"] === "subscribe" ? Number(message["after"]) : null;
    return true;
  }
  /** Sends up to `most` lines, as a batch or one alone. */
  send(most: number): boolean {
    if (this.#cursor === null || this.#cursor >= this.head || this.socket.readyState !== 1) return false;
    const lines = Array.from(
      { length: Math.min(most, this.head - this.#cursor) },
      (_, i) => event(this.#cursor! + 1 + i),
    );
    this.#cursor += lines.length;
    this.#underWay.push(lines.length === 1 ? { topic: TOPIC, ...lines[0] } : { topic: TOPIC, batch: lines });
    return true;
  }
  deliver(): boolean {
    const message = this.#underWay.shift();
    if (message !== undefined) this.socket.say(message);
    return message !== undefined;
  }
}
type Step = { do: "append" | "send"; n: number } | { do: "hear" | "deliver" | "lose" | "open" | "leave" | "again" };
const steps = fc.array(
  fc.oneof<fc.Arbitrary<Step>[]>(
    fc.record({ do: fc.constantFrom("append", "send"), n: fc.integer({ min: 1, max: 3 }) }),
    fc.record({ do: fc.constantFrom("hear", "deliver", "deliver", "lose", "open", "leave", "again") }),
  ),
  { maxLength: 60, size: "max" },
);

Deno.test("[LC1] each subscriber gets its log without gap or repeat, whatever is lost, late, or begun anew", () => {
  fc.assert(
    fc.property(steps, (script) => {
      const { options, clock, sockets } = handLine();
      const server = new LogServer();
      const client = new LiveClient(options);
      let follower = { after: 0, seen: [] as number[] };
      const follow = (after: number) => {
        const own = { after, seen: [] as number[] };
        follower = own;
        client.subscribe(TOPIC, after, { events: (events) => void own.seen.push(...events.map((one) => one.seq)) });
      };
      const check = () => assertEquals(follower.seen, follower.seen.map((_, i) => follower.after + 1 + i));
      const open = () => {
        while (sockets.at(-1)?.readyState !== 0 && sockets.at(-1)?.readyState !== 1) clock.advance(1000);
        if (sockets.at(-1)!.readyState === 0) {
          server.take(sockets.at(-1)!);
          sockets.at(-1)!.open();
        }
      };
      const run = (step: Step) => {
        if (step.do === "append") server.head += step.n;
        if (step.do === "send") server.send(step.n);
        if (step.do === "hear") server.hear();
        if (step.do === "deliver") server.deliver();
        if (step.do === "open") open();
        if (step.do === "lose" && server.socket.readyState === 1) server.socket.lose();
        if (step.do === "leave") follow(0);
        if (step.do === "again") follow(follower.after + follower.seen.length);
        check();
      };
      client.connect();
      follow(0);
      script.forEach(run);
      open();
      for (let moved = true; moved;) moved = [server.hear(), server.send(3), server.deliver()].includes(true);
      check();
      assertEquals(follower.after + follower.seen.length, server.head);
      client.close();
      assertEquals(clock.waiting, 0);
    }),
    { seed: 7 },
  );
});

Deno.test("[LC1] a reset tells the subscriber and begins where it says", () => {
  const { last, clock, seen, frames } = following(90);
  last().say(frame("reset", { reason: "beyond the log", from_seq: 1 }));
  last().say(batch(1, 2));
  assertEquals([frames, seen], [["reset"], [1, 2]]);
  last().lose();
  clock.advance(1000);
  last().open();
  assertEquals(last().sent[0]?.["after"], 2);
});

Deno.test("[LC1] an event that this version cannot read is passed over with its seq", () => {
  const { last, seen } = following();
  last().say({ topic: TOPIC, batch: [event(1), event(2, { timestamp: 12 }), event(3), "no event", null] });
  last().say(batch(4));
  assertEquals(seen, [1, 3, 4]);
});

Deno.test("[LC1] an event of a type that this version does not know is handed over as it stands, without its topic", () => {
  const { options, last } = handLine();
  const client = new LiveClient(options);
  const got: unknown[] = [];
  client.connect();
  client.subscribe(TOPIC, 0, { events: (events) => void got.push(...events) });
  last().open();
  last().say({ topic: TOPIC, ...event(1, { event_type: "of_tomorrow", extra: true }) });
  assertEquals(got, [event(1, { event_type: "of_tomorrow", extra: true })]);
});

Deno.test("[LC3] a list is asked for without a cursor after each reconnect, and gets a snapshot anew", () => {
  const { options, last, clock } = handLine();
  const client = new LiveClient(options);
  const got: unknown[] = [];
  client.connect();
  client.subscribe("sessions", 0, { frame: (one) => void got.push(one) });
  for (let round = 1; round <= 3; round++) {
    last().open();
    assertEquals(last().sent, [{ type: "subscribe", topic: "sessions" }]);
    last().say(frame("snapshot", { items: [round], next_cursor: null }, "sessions"));
    last().lose(1001);
    clock.advance(60_000);
  }
  assertEquals(got, [1, 2, 3].map((n) => ({ event_type: "snapshot", data: { items: [n], next_cursor: null } })));
});

Deno.test("[LC4] a message that is not JSON, or nothing that is known, changes nothing and the line stays", () => {
  const { last, seen, frames, states } = following();
  const strange = [
    "",
    "{",
    "null",
    "5",
    '"text"',
    "[]",
    "{}",
    new ArrayBuffer(4),
    { topic: TOPIC },
    { topic: TOPIC, batch: 7 },
    { topic: 7, batch: [event(1)] },
    { topic: TOPIC, seq: "1" },
    frame("of_tomorrow"),
    frame("presence", undefined, "session:other"),
    { topic: "session:other", batch: [event(1)] },
    { event_type: "heartbeat", timestamp: "2026-11-24T10:00:00.000Z", data: { head_seq: null } },
  ];
  for (const message of strange) last().say(message);
  assertEquals([seen, frames], [[], []]);
  last().say(batch(1));
  last().say(frame("caught_up", { head_seq: 1 }));
  assertEquals([seen, frames], [[1], ["caught_up"]]);
  assertEquals(states.at(-1), { state: "live" });
});

Deno.test("[LC5] a topic that is refused for a moment is asked for again and its subscriber hears nothing of it", () => {
  const { last, clock, frames, seen } = following(3);
  last().say(frame("error", { code: "busy", message: "Busy" }));
  assertEquals(last().sent.length, 1);
  clock.advance(1000);
  assertEquals(last().sent.at(-1), { type: "subscribe", topic: TOPIC, after: 3, batch: true });
  last().say(frame("error", { code: "store_away", message: "Away" }));
  clock.advance(900);
  assertEquals(last().sent.length, 2);
  clock.advance(1100);
  assertEquals(last().sent.length, 3);
  last().say(batch(4));
  assertEquals([seen, frames], [[4], []]);
});

Deno.test("[LC5] a topic that is refused for good is told, and not asked for again", () => {
  const { last, clock, frames } = following();
  last().say(frame("error", { code: "not_found", message: "Unknown" }));
  clock.advance(60_000);
  assertEquals(frames, ["error"]);
  assertEquals(last().sent.length, 1);
});

Deno.test("[LC6] leaving a topic says so, and nothing of it reaches the subscriber any more", () => {
  const { last, leave, seen, frames, clock } = following();
  leave();
  assertEquals(last().sent.at(-1), { type: "unsubscribe", topic: TOPIC });
  last().say(batch(1));
  last().say(frame("presence", { viewers: [] }));
  assertEquals([seen, frames], [[], []]);
  leave();
  assertEquals(last().sent.length, 2);
  last().lose();
  clock.advance(1000);
  last().open();
  assertEquals(last().sent, []);
});

Deno.test("[LC6] the leave of a subscriber that was replaced does not end the new one", () => {
  const { last, client, leave } = following();
  const seen: number[] = [];
  client.subscribe(TOPIC, 0, { events: (events) => void seen.push(...events.map((one) => one.seq)) });
  leave();
  assertEquals(last().sent.map((one) => one["type"]), ["subscribe", "subscribe"]);
  last().say(batch(1));
  assertEquals(seen, [1]);
});

Deno.test("[LC6] send() tells whether the line stood", () => {
  const { client, last } = following();
  assert(client.send({ type: "ping" }));
  assertEquals(last().sent.at(-1), { type: "ping" });
  last().lose();
  assertEquals(client.send({ type: "ping" }), false);
});
