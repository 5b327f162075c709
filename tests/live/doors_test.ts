// Both live doors over real sockets.
import { assert, assertEquals, assertMatch } from "@std/assert";
import { type Doors, openDoors } from "@/tests/support/door.ts";
import { ADMIN_TOKEN, approvalOf, COOKIE_VALUE, OTHER_TOKEN } from "@/tests/support/fake_holdfast.ts";
import { AppError } from "@/lib/model/error.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { Client, refusal } from "./client.ts";

const PROTOCOLS = ["holdfast.v1", `bearer.${ADMIN_TOKEN}`];
async function withDoors(run: (doors: Doors) => Promise<void>, settings = {}): Promise<void> {
  const doors = await openDoors(settings);
  try {
    await run(doors);
  } finally {
    await doors.close();
  }
}
const seqOf = (text: string): number => JSON.parse(text).seq;
const eventsOf = (client: Client) => client.texts.filter((text) => text.includes('"seq":'));

Deno.test("[DOOR1] the general door: stored lines under their topic, byte for byte, then caught_up, then live ones", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    fake.commit(session_id, 3);
    const client = new Client(`${url}/ws`, PROTOCOLS);
    const connected = await client.next("connected");
    assertEquals(Object.keys(connected), ["event_type", "timestamp", "data"]);
    assertEquals(client.socket.protocol, "holdfast.v1");
    const topic = `session:${session_id}`;
    client.say({ type: "subscribe", topic, after: 1 });
    const caught = await client.until((text) => text.includes('"caught_up"'));
    assertMatch(caught, new RegExp(`^{"topic":"${topic}","event_type":"caught_up"`));
    assertEquals(JSON.parse(caught).data, { head_seq: 3 });
    fake.commit(session_id, 2);
    await client.until((text) => text.includes('"seq":5'));
    const expected = fake.log.lines(session_id).slice(1).map((line) => `{"topic":"${topic}",${line.slice(1)}`);
    assertEquals(eventsOf(client), expected);
    client.say({ type: "unsubscribe", topic });
    client.say({ type: "ping" });
    await client.next("pong");
    fake.commit(session_id, 1);
    client.say({ type: "ping" });
    await client.next("pong");
    assertEquals(eventsOf(client), []);
    await client.close();
  });
});

Deno.test("[DOOR2] batch:true gets one frame a flush, others one an event, both the same lines", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const topic = `session:${session_id}`;
    const clients = [true, false].map((batch) => ({ batch, client: new Client(`${url}/ws`, PROTOCOLS) }));
    for (const { batch, client } of clients) {
      await client.next("connected");
      client.say({ type: "subscribe", topic, batch });
      await client.next("caught_up");
    }
    fake.commit(session_id, 4);
    const lines = fake.log.lines(session_id);
    for (const { batch, client } of clients) {
      await client.until((text) => text.includes('"seq":4'));
      const expected = batch
        ? [`{"topic":"${topic}","batch":[${lines.join(",")}]}`]
        : lines.map((line) => `{"topic":"${topic}",${line.slice(1)}`);
      assertEquals(eventsOf(client), expected);
      await client.close();
    }
  });
});

Deno.test("[DOOR3] all doors show the same bytes: live, replay, run door, SSE, REST", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const { run_id } = fake.addRun(session_id);
    fake.commit(session_id, 40);
    const stored = fake.log.lines(session_id);
    const general = new Client(`${url}/ws`, PROTOCOLS);
    await general.next("connected");
    general.say({ type: "subscribe", topic: `session:${session_id}` });
    await general.until((text) => text.includes('"caught_up"'));
    const unwrapped = eventsOf(general).map((text) => `{${text.slice(`{"topic":"session:${session_id}",`.length)}`);
    const run = new Client(`${url}/ws/${run_id}`, PROTOCOLS);
    run.socket.onopen = () => run.say({ type: "attach" });
    await run.until((text) => text.includes('"caught_up"'));
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const at = `${url}/api/sessions/${session_id}/events?after=0&limit=1000`;
    const page = await (await fetch(at, { headers })).text();
    const stream = await fetch(at, { headers: { ...headers, accept: "text/event-stream" } });
    let text = "";
    for await (const chunk of stream.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      if (text.includes("event: caught_up")) break;
    }
    const streamed = [...text.matchAll(/^data: (\{"seq".*)$/gm)].map((match) => match[1]);
    assertEquals(unwrapped, stored);
    assertEquals(eventsOf(run), stored);
    assertEquals(streamed, stored);
    assertEquals(page, `{"events":[${stored.join(",")}],"head_seq":40,"next_after":40}`);
    await general.close();
    await run.close();
  });
});

Deno.test("[DOOR4] commits while many follow from everywhere: each gets every line once, in order", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const topic = `session:${session_id}`;
    const clients = Array.from({ length: 8 }, (_, n) => ({ after: n * 5, client: new Client(`${url}/ws`, PROTOCOLS) }));
    for (const { client } of clients) await client.next("connected");
    for (let n = 0; n < 60; n++) {
      fake.commit(session_id, 2);
      const joining = clients[n / 5];
      joining?.client.say({ type: "subscribe", topic, after: joining.after, batch: n % 2 === 0 });
      await new Promise<void>((done) => queueMicrotask(done));
      if (n % 5 === 0) await clients[0]?.client.until((text) => text.includes(`"seq":${fake.log.head(session_id)}`));
    }
    for (const { after, client } of clients) {
      await client.until((text) => text.includes('"seq":120'));
      const seqs = eventsOf(client).flatMap((text): number[] => {
        const frame = JSON.parse(text);
        return frame.batch ? frame.batch.map((event: { seq: number }) => event.seq) : [frame.seq];
      });
      assertEquals(seqs, Array.from({ length: 120 - after }, (_, at) => after + at + 1));
      await client.close();
    }
  });
});

Deno.test("[DOOR5] MARS's door starts a task, lists what it dropped to the service, and shows the whole log of the session", async () => {
  await withDoors(async ({ url, fake }) => {
    const client = new Client(`${url}/ws/my-run_1`, PROTOCOLS);
    await client.next("connected");
    client.say({ task: "do it", config: { mode: "one-shot", oldKey: 1 } });
    await client.until((text) => text.includes('"caught_up"'));
    assertEquals(eventsOf(client).map(seqOf), [1, 2]);
    const [asked] = fake.asked;
    assertEquals(asked?.input, {
      task: "do it",
      config: { mode: "one-shot", oldKey: 1 },
      run_id: "my-run_1",
      lenient: true,
    });
    const again = new Client(`${url}/ws/my-run_1`, PROTOCOLS);
    await again.next("connected");
    again.say({ type: "attach", after: 1 });
    await again.until((text) => text.includes('"caught_up"'));
    assertEquals(eventsOf(again).map(seqOf), [2]);
    again.say({ type: "request_state" });
    await again.until((text) => seqOf(text) === 1);
    again.say({ type: "cancel" });
    again.say({ type: "pause" });
    again.say({ type: "ping" });
    await again.next("pong");
    assertEquals(fake.asked.slice(1).map(({ what, input }) => [what, Object(input).run_id ?? input]), [
      ["cancel_run", "my-run_1"],
      ["pause_run", "my-run_1"],
    ]);
    await client.close();
    await again.close();
  });
});

Deno.test("[DOOR6] a start that is refused gets an error frame and another try; the session to continue is named in the config", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const client = new Client(`${url}/ws/r2`, PROTOCOLS);
    await client.next("connected");
    for (
      const message of ["no json", [], { task: "" }, { task: "t", x: 1 }, { task: "t", config: { session_id: "x" } }]
    ) {
      client.say(message);
      const { data } = await client.next("error");
      assert(data.code === "bad_json" || data.code === "invalid", data.code);
    }
    client.say({ task: "refuse" });
    assertEquals((await client.next("error")).data.code, "session_busy");
    client.say({ task: "go on", config: { copilotSessionId: session_id, mode: "copilot" } });
    await client.next("caught_up");
    assertEquals(Object(fake.asked.at(-1)?.input).session_id, session_id);
    assertEquals(Object(fake.asked.at(-1)?.input).config, { mode: "copilot" });
    await client.close();
  });
});

Deno.test("[DOOR7] an unknown run, another person's, a broken id: upgraded, then closed 4404; a deletion too", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const { run_id } = fake.addRun(session_id);
    for (
      const [id, token] of [["nope", ADMIN_TOKEN], [run_id, OTHER_TOKEN], ["-x", ADMIN_TOKEN], ["a%20b", ADMIN_TOKEN]]
    ) {
      const client = new Client(`${url}/ws/${id}`, ["holdfast.v1", `bearer.${token}`]);
      client.socket.onopen = () => client.say({ type: "attach" });
      assertEquals((await client.closed).code, 4404, id);
    }
    const client = new Client(`${url}/ws/${run_id}`, PROTOCOLS);
    client.socket.onopen = () => client.say({ type: "attach" });
    await client.next("caught_up");
    fake.remove(session_id);
    assertEquals((await client.closed).code, 4404);
  });
});

Deno.test("[DOOR8] on the general door an unknown or deleted session is an error under its topic; the rest goes on", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const topic = `session:${session_id}`;
    const unknown = "session:00000000-0000-4000-8000-00000000ffff";
    const client = new Client(`${url}/ws`, PROTOCOLS);
    await client.next("connected");
    client.say({ type: "subscribe", topic: unknown });
    const error = await client.next("error");
    assertEquals([error.topic, error.data.code], [unknown, "not_found"]);
    client.say({ type: "subscribe", topic });
    await client.next("caught_up");
    fake.remove(session_id);
    const remove = await client.next("remove");
    assertEquals([remove.topic, remove.data.id], [topic, session_id]);
    assertEquals((await client.next("error")).data.code, "not_found");
    client.say({ type: "ping" });
    await client.next("pong");
    for (
      const message of ["{", '"x"', "[]", { type: "nope" }, { type: "subscribe", topic: "session:x" }, {
        type: "ping",
        x: 1,
      }]
    ) {
      client.say(message);
      const { data } = await client.next("error");
      assert(data.code === "bad_json" || data.code === "invalid", data.code);
    }
    client.socket.send(new Uint8Array([1, 2, 3]));
    assertEquals((await client.next("error")).data.code, "bad_json");
    await client.close();
  });
});

Deno.test("[DOOR9] a cursor beyond the head gets reset and the log from its beginning", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    fake.commit(session_id, 2);
    const client = new Client(`${url}/ws`, PROTOCOLS);
    await client.next("connected");
    client.say({ type: "subscribe", topic: `session:${session_id}`, after: 99 });
    const reset = await client.next("reset");
    assertEquals([reset.topic, reset.data.from_seq], [`session:${session_id}`, 1]);
    await client.until((text) => text.includes('"caught_up"'));
    assertEquals(eventsOf(client).map(seqOf), [1, 2]);
    await client.close();
  });
});

Deno.test("[DOOR10] credentials: none 401, a cookie that is not valid 1008, header, cookie and sub-protocol open", async () => {
  await withDoors(async ({ url, port }) => {
    const bearer = `bearer.not-a-known-token-x`;
    for (const headers of [{}, { "sec-websocket-protocol": bearer }, { authorization: "Bearer x" }]) {
      assertEquals((await refusal(`${url}/ws`, { ...headers })).status, 401);
    }
    const origin = `http://localhost:${port}`;
    const stale = new Client(`${url}/ws`, { headers: { cookie: "holdfast_session=stale", origin } });
    assertEquals((await stale.closed).code, 1008);
    for (
      const headers of [{ cookie: `holdfast_session=${COOKIE_VALUE}`, origin }, {
        authorization: `Bearer ${ADMIN_TOKEN}`,
      }]
    ) {
      const client = new Client(`${url}/ws`, { headers: { ...headers } });
      await client.next("connected");
      await client.close();
    }
    for (const foreign of [{ origin: "https://evil.example" }, {}]) {
      const headers = { cookie: `holdfast_session=${COOKIE_VALUE}`, ...foreign };
      assertEquals((await refusal(`${url}/ws`, headers)).status, 403);
    }
  });
});

Deno.test("[DOOR11] a full house and a drain refuse before the upgrade; a drain closes all with 1001", async () => {
  await withDoors(async ({ url, fake, live }) => {
    const first = new Client(`${url}/ws`, PROTOCOLS);
    await first.next("connected");
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    const full = await refusal(`${url}/ws`, headers);
    assertEquals([full.status, full.headers.get("retry-after")], [503, "5"]);
    fake.draining = true;
    assertEquals((await refusal(`${url}/ws/r1`, headers)).status, 503);
    await live.drain();
    assertEquals((await first.closed).code, 1001);
    assertEquals(fake.rows.size, 0);
  }, { max_connections: 1 });
});

Deno.test("[DOOR12] two viewers of a session see each other, each once, and learn when one leaves", async () => {
  await withDoors(async ({ url, fake }) => {
    const owner = { kind: "user", id: "other", name: "Other", admin: false } as const;
    const { session_id } = fake.addSession(owner);
    const topic = `session:${session_id}`;
    const admin = [new Client(`${url}/ws`, PROTOCOLS), new Client(`${url}/ws`, PROTOCOLS)];
    const other = new Client(`${url}/ws`, ["holdfast.v1", `bearer.${OTHER_TOKEN}`]);
    for (const client of [...admin, other]) {
      await client.next("connected");
      client.say({ type: "subscribe", topic });
      await client.next("caught_up");
    }
    const both = (text: string) => {
      const { event_type, data } = JSON.parse(text);
      return event_type === "presence" && data.viewers.length === 2;
    };
    const text = await other.until(both);
    assertEquals(JSON.parse(text).data.viewers.map(({ id }: { id: string }) => id).sort(), ["admin", "other"]);
    for (const client of admin) await client.close();
    other.texts.length = 0;
    const alone = await other.next("presence");
    assertEquals(alone.data.viewers, [{ id: "other", name: "Other" }]);
    await other.close();
  });
});

Deno.test("[DOOR13] MARS's yes and no become verbs that the approval allows; errors of an answer are frames", async () => {
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const make = (allowed: ReturnType<typeof approvalOf>["allowed"]) => {
      const approval = { ...approvalOf(session_id, fake.ids.uuid()), allowed };
      fake.approvals.set(approval.approval_id, approval);
      return approval.approval_id;
    };
    const client = new Client(`${url}/ws`, PROTOCOLS);
    await client.next("connected");
    const cases = [
      { allowed: ["approved", "rejected", "modified"], say: { approved: true }, verb: "approved" },
      { allowed: ["approved", "rejected", "modified"], say: { approved: true, modifications: {} }, verb: "modified" },
      { allowed: ["answered", "rejected"], say: { approved: true, modifications: { answer: 1 } }, verb: "answered" },
      { allowed: ["retry", "skip", "abort"], say: { approved: true }, verb: "retry" },
      { allowed: ["retry", "skip", "abort"], say: { approved: false }, verb: "abort" },
      { allowed: ["approved", "rejected"], say: { resolution: "skip" }, verb: "skip" },
    ] as const;
    for (const { allowed, say, verb } of cases) {
      client.say({ type: "approval_response", approval_id: make([...allowed]), ...say });
      client.say({ type: "ping" });
      await client.next("pong");
      assertEquals(Object(fake.asked.at(-1)?.input).resolution, verb);
    }
    fake.failure = new AppError("already_resolved", "Answered by somebody else", { current: { status: "resolved" } });
    client.say({ type: "resolve_approval", approval_id: make(["approved"]), resolution: "approved" });
    const { data } = await client.next("error");
    assertEquals([data.code, data.current], ["already_resolved", { status: "resolved" }]);
    await client.close();
  });
});

Deno.test("[DOOR14] list topics over the socket: snapshot first, and again after request_state", async () => {
  await withDoors(async ({ url, fake }) => {
    fake.addSession();
    const client = new Client(`${url}/ws`, PROTOCOLS);
    await client.next("connected");
    for (const topic of ["sessions", "approvals", "pulse"]) {
      client.say({ type: "subscribe", topic });
      const snapshot = await client.next("snapshot");
      assertEquals([snapshot.topic, Object.keys(snapshot)[0]], [topic, "topic"]);
    }
    client.say({ type: "request_state" });
    const topics = [await client.next("snapshot"), await client.next("snapshot"), await client.next("snapshot")];
    assertEquals(topics.map(({ topic }) => topic).sort(), ["approvals", "pulse", "sessions"]);
    client.say({ type: "pause" });
    assertEquals((await client.next("error")).data.errors[0].path, "run_id");
    await client.close();
  });
});

Deno.test("[DOOR15] each 30 s a heartbeat names the head of each session that is followed, and finds lines nobody told of", async () => {
  const clock = new FakeClock();
  await withDoors(async ({ url, fake }) => {
    const { session_id } = fake.addSession();
    const { run_id } = fake.addRun(session_id);
    fake.commit(session_id, 2);
    const topic = `session:${session_id}`;
    const general = new Client(`${url}/ws`, PROTOCOLS);
    const run = new Client(`${url}/ws/${run_id}`, PROTOCOLS);
    await general.next("connected");
    await run.next("connected");
    general.say({ type: "subscribe", topic });
    run.say({ type: "attach" });
    await general.next("caught_up");
    await run.next("caught_up");
    fake.log.commit(session_id, 1);
    clock.advance(30_000);
    const beats = [await general.next("heartbeat"), await run.next("heartbeat")];
    assertEquals(beats.map(({ topic, data }) => [topic, data]), [
      [topic, { head_seq: 2 }],
      [undefined, { head_seq: 2 }],
    ]);
    for (const client of [general, run]) {
      await client.until((text) => text.includes('"seq":3'));
      await client.close();
    }
  }, { clock });
});
