import { assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import { cursorOf, eventStream, wantsEventStream } from "@/lib/http/sse.ts";
import type { Followed } from "@/lib/live/doors.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { type Doors, openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN } from "@/tests/support/fake_holdfast.ts";

const line = (seq: number, event_type = "output") => JSON.stringify({ seq, event_type, data: {} });

/** A sequence that a test feeds by hand. */
function byHand() {
  const items: Followed[] = [];
  let wake = Promise.withResolvers<void>();
  let over = false;
  return {
    give(item: Followed) {
      items.push(item);
      wake.resolve();
    },
    async *follow({ signal }: AbortController): AsyncGenerator<Followed> {
      signal.addEventListener("abort", () => {
        over = true;
        wake.resolve();
      });
      while (!over) {
        const item = items.shift();
        if (item !== undefined) yield item;
        else {
          await wake.promise;
          wake = Promise.withResolvers();
        }
      }
    },
    get over() {
      return over;
    },
  };
}

async function readText(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  return new TextDecoder().decode((await reader.read()).value);
}
function readerOf(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  if (response.body === null) throw new Error("no body");
  return response.body.getReader();
}

Deno.test("[SSE1] each line is a block with its seq as id; what is about the connection is a named event", async () => {
  const hand = byHand();
  const clock = new FakeClock();
  const reader = readerOf(eventStream({ follow: hand.follow, after: 4, clock }));
  assertEquals(await readText(reader), "retry: 2000\n\n");
  hand.give({ kind: "lines", first_seq: 5, lines: [line(5), line(6)] });
  assertEquals(await readText(reader), `id: 5\ndata: ${line(5)}\n\nid: 6\ndata: ${line(6)}\n\n`);
  hand.give({ kind: "caught_up", head_seq: 6 });
  assertEquals(await readText(reader), 'id: 6\nevent: caught_up\ndata: {"head_seq":6}\n\n');
  hand.give({ kind: "reset", from_seq: 1, reason: "gone" });
  assertStringIncludes(await readText(reader), "id: 0\nevent: reset\n");
  await reader.cancel();
  assertEquals(hand.over, true);
  assertEquals(clock.pending, 0);
});

Deno.test("[SSE2] each 15 s an empty block moves the cursor, also over lines that types leave out", async () => {
  const hand = byHand();
  const clock = new FakeClock();
  const reader = readerOf(eventStream({ follow: hand.follow, after: 0, types: ["complete"], clock }));
  await readText(reader);
  hand.give({ kind: "lines", first_seq: 1, lines: [line(1), line(2, "complete"), line(3)] });
  assertEquals(await readText(reader), `id: 2\ndata: ${line(2, "complete")}\n\n`);
  hand.give({ kind: "lines", first_seq: 4, lines: [line(4)] });
  const next = readText(reader);
  while (clock.pending === 0) await Promise.resolve();
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  clock.advance(15_000);
  assertEquals(await next, "id: 4\n\n");
  await reader.cancel();
});

Deno.test("[SSE3] Last-Event-ID goes before after; what is no seq is 422", () => {
  assertEquals(cursorOf(new Headers({ "last-event-id": "7" }), 3), 7);
  assertEquals(cursorOf(new Headers(), 3), 3);
  assertEquals(cursorOf(new Headers({ "last-event-id": "" }), undefined), 0);
  for (const bad of ["x", "-1", "1.5", "1e3"]) {
    assertThrows(() => cursorOf(new Headers({ "last-event-id": bad }), 0), AppError);
  }
  assertEquals(wantsEventStream(new Headers({ accept: "text/html, text/event-stream;q=0.9" })), true);
  assertEquals(wantsEventStream(new Headers({ accept: "text/event-stream;q=0" })), false);
  assertEquals(wantsEventStream(new Headers({ accept: "*/*" })), false);
});

const bearer = { authorization: `Bearer ${ADMIN_TOKEN}` };
async function withDoors(run: (doors: Doors) => Promise<void>, settings = {}): Promise<void> {
  const doors = await openDoors(settings);
  try {
    await run(doors);
  } finally {
    await doors.close();
  }
}
/** Blocks of a stream, one by one. */
async function* blocksOf(response: Response): AsyncGenerator<{ id?: string; event?: string; data?: string }> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
      const fields = text.slice(0, end).split("\n").map((field) => field.split(/: (.*)/s).slice(0, 2));
      text = text.slice(end + 2);
      yield Object.fromEntries(fields);
    }
  }
}

Deno.test("[SSE4] a stream shows the stored lines byte for byte, resumes by Last-Event-ID and ends with its session", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    fake.commit(session_id, 3);
    const headers = { ...bearer, accept: "text/event-stream", "last-event-id": "1" };
    const response = await fetch(`${url}/api/sessions/${session_id}/events?after=0`, { headers });
    assertMatch(response.headers.get("content-type") ?? "", /^text\/event-stream/);
    const data: string[] = [];
    for await (const block of blocksOf(response)) {
      if (block.event === "caught_up") fake.commit(session_id, 2);
      if (block.event === undefined && block.data !== undefined) data.push(block.data);
      if (data.length === 4 && fake.sessions.has(session_id)) fake.remove(session_id);
      if (block.event === "gone") break;
    }
    assertEquals(data.length, 4);
    assertEquals(JSON.parse(data[0] ?? "").seq, 2);
    const after = await fetch(`${url}/api/sessions/${session_id}/events`, { headers });
    assertEquals(after.status, 404);
    await after.body?.cancel();
  });
});

Deno.test("[SSE5] a page of events holds the stored lines byte for byte", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    fake.commit(session_id, 5);
    const response = await fetch(`${url}/api/sessions/${session_id}/events?after=1&limit=2`, { headers: bearer });
    const lines = fake.log.lines(session_id).slice(1, 3).join(",");
    assertEquals(await response.text(), `{"events":[${lines}],"head_seq":5,"next_after":3}`);
    const both = await fetch(`${url}/api/sessions/${session_id}/events?after=1&before=2`, { headers: bearer });
    assertEquals(both.status, 422);
    await both.body?.cancel();
  });
});

Deno.test("[SSE6] a stream counts as a connection, HEAD of one does not, and full is 503 before it begins", async () => {
  await withDoors(async ({ url, fake, live }) => {
    const { session_id } = fake.addSession();
    const at = `${url}/api/sessions/${session_id}/events`;
    const headers = { ...bearer, accept: "text/event-stream" };
    const head = await fetch(at, { method: "HEAD", headers });
    assertEquals(head.status, 200);
    assertStringIncludes(live.metrics(), "holdfast_live_connections 0\n");
    const first = await fetch(at, { headers });
    const blocks = blocksOf(first);
    await blocks.next();
    assertStringIncludes(live.metrics(), "holdfast_live_connections 1\n");
    const second = await fetch(at, { headers });
    assertEquals([second.status, second.headers.get("retry-after"), (await second.json()).code], [503, "5", "full"]);
    await live.drain();
    for await (const _ of blocks);
    assertStringIncludes(live.metrics(), "holdfast_live_connections 0\n");
  }, { max_connections: 1 });
});

Deno.test("[SSE7] a reader that takes nothing is broken off and gives its place back", async () => {
  await withDoors(async ({ url, port, fake, live }) => {
    const { session_id } = fake.addSession();
    using connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const request = `GET /api/sessions/${session_id}/events HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n` +
      `Authorization: Bearer ${ADMIN_TOKEN}\r\nAccept: text/event-stream\r\n\r\n`;
    await connection.write(new TextEncoder().encode(request));
    await connection.read(new Uint8Array(1024));
    const gone = () => live.metrics().includes("holdfast_live_connections 0\n");
    for (let commits = 0; !gone(); commits++) {
      if (commits > 400) throw new Error("it was not broken off after 40 MB");
      fake.commit(session_id, 10, { bytes: 10_000 });
      await (await fetch(`${url}/api/health`)).body?.cancel();
    }
    await live.drain();
  });
});

Deno.test("[SSE8] lines that types leave out, however often they come, put off no empty block", async () => {
  const hand = byHand();
  const clock = new FakeClock();
  const reader = readerOf(eventStream({ follow: hand.follow, after: 0, types: ["complete"], clock }));
  await readText(reader);
  const next = readText(reader);
  const turns = async () => {
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  };
  await turns();
  for (let seq = 1; seq <= 3; seq++) {
    clock.advance(4_000);
    hand.give({ kind: "lines", first_seq: seq, lines: [line(seq)] });
    await turns();
  }
  clock.advance(4_000);
  assertEquals(await next, "id: 3\n\n");
  await reader.cancel();
});
