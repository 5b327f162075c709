import { assertEquals } from "@std/assert";
import { Feed, ITEM_MS } from "@/lib/live/feed.ts";
import { createFeeds } from "@/lib/live/feeds.ts";
import { LiveHub } from "@/lib/live/hub.ts";
import { AppError } from "@/lib/model/error.ts";
import { draft } from "@/lib/model/event.ts";
import type { UserPrincipal } from "@/lib/model/principal.ts";
import { FakeClock } from "@/tests/service/support/fake_clock.ts";
import { approvalOf, FakeHoldfast } from "@/tests/support/fake_holdfast.ts";
import { settle } from "./support.ts";

const ADMIN: UserPrincipal = { kind: "user", id: "admin", name: "A", admin: true };
const OTHER: UserPrincipal = { kind: "user", id: "other", name: "O", admin: false };
const parsed = (texts: string[]) => texts.map((text) => JSON.parse(text));

function follow(feed: Feed, principal = ADMIN) {
  const sent: string[] = [];
  const errors: unknown[] = [];
  const leave = feed.follow(principal, { send: (frame) => sent.push(frame), failed: (error) => errors.push(error) });
  return { sent, errors, leave };
}

/** A feed of numbers that go up. */
function counting() {
  const clock = new FakeClock();
  let value = 0;
  let reads = 0;
  const gate: { wait: Promise<void> } = { wait: Promise.resolve() };
  const topic = {
    name: "numbers",
    snapshot: async () => {
      await gate.wait;
      return { frame: `snapshot ${value}`, ids: [] };
    },
    item: async (_principal: UserPrincipal, id: string) => {
      reads++;
      await Promise.resolve();
      return `${id} ${value}`;
    },
  };
  const feed = new Feed(topic, clock);
  const change = (id: string) => {
    value++;
    feed.changed(id);
  };
  return { clock, feed, change, gate, reads: () => reads };
}

Deno.test("[FEED1] an item goes out at most four times a second, and its last state always", async () => {
  const { clock, feed, change } = counting();
  const { sent, leave } = follow(feed);
  await settle();
  for (let ms = 0; ms < 1000; ms += 10) {
    change("a");
    clock.advance(10);
    await settle();
  }
  clock.advance(1000);
  await settle();
  const times = sent.slice(1);
  assertEquals(sent[0], "snapshot 0");
  assertEquals(times.at(-1), "a 100");
  assertEquals(times.length, 5);
  leave();
  assertEquals(clock.pending, 0);
});

Deno.test("[FEED2] what changes while the snapshot is read comes after it, the last state only", async () => {
  const { clock, feed, change, gate } = counting();
  const reading = Promise.withResolvers<void>();
  gate.wait = reading.promise;
  const { sent } = follow(feed);
  for (const id of ["a", "b", "a"]) {
    change(id);
    clock.advance(ITEM_MS);
    await settle();
  }
  assertEquals(sent, []);
  reading.resolve();
  await settle();
  assertEquals(sent, ["snapshot 3", "a 3", "b 2"]);
});

Deno.test("[FEED3] an item is read once for all sockets of one person, not at all when nobody follows", async () => {
  const { clock, feed, change, reads } = counting();
  change("a");
  clock.advance(ITEM_MS);
  assertEquals(reads(), 0);
  const followers = [follow(feed), follow(feed), follow(feed, OTHER)];
  await settle();
  change("a");
  clock.advance(0);
  await settle();
  assertEquals(reads(), 2);
  for (const { sent } of followers) assertEquals(sent, ["snapshot 1", "a 2"]);
});

Deno.test("[FEED4] sessions: upsert when one changes, remove when it is deleted, nothing of what is not visible", async () => {
  const clock = new FakeClock();
  const hub = new LiveHub(clock);
  const fake = new FakeHoldfast(hub, clock);
  const feeds = createFeeds({ query: fake.holdfast.query, hub, clock });
  const { session_id } = fake.addSession();
  const admin = follow(feeds.sessions);
  const other = follow(feeds.sessions, OTHER);
  await settle();
  fake.commit(session_id, 1);
  clock.advance(0);
  await settle();
  fake.remove(session_id);
  await settle();
  const [snapshot, upsert, remove, ...rest] = parsed(admin.sent);
  assertEquals(Object.keys(snapshot), ["topic", "event_type", "timestamp", "data"]);
  assertEquals([snapshot.topic, snapshot.event_type, snapshot.data.next_cursor], ["sessions", "snapshot", null]);
  assertEquals(snapshot.data.items.length, 1);
  assertEquals([upsert.event_type, upsert.data.item.session_id], ["upsert", session_id]);
  assertEquals([remove.event_type, remove.data], ["remove", { id: session_id }]);
  assertEquals(rest, []);
  assertEquals(parsed(other.sent).map((frame) => frame.event_type), ["snapshot"]);
});

Deno.test("[FEED5] approvals: pending ones come, answered ones go with who answered, all go with their session", async () => {
  const clock = new FakeClock();
  const hub = new LiveHub(clock);
  const fake = new FakeHoldfast(hub, clock);
  const feeds = createFeeds({ query: fake.holdfast.query, hub, clock });
  const { session_id } = fake.addSession();
  const { sent } = follow(feeds.approvals);
  await settle();
  const [first, second] = [fake.ids.uuid(), fake.ids.uuid()];
  const asked = (id: string) =>
    draft("approval_requested", "r1", { approval_id: id, approval_type: "step_approval", step_id: "s" });
  for (const id of [first, second]) fake.approvals.set(id, approvalOf(session_id, id));
  fake.commit(session_id, 1, { drafts: [asked(first), asked(second)] });
  clock.advance(0);
  await settle();
  fake.approvals.set(first, {
    ...approvalOf(session_id, first),
    status: "resolved",
    resolution: "approved",
    resolved_by: { id: "other", name: "O" },
  });
  fake.commit(session_id, 1, { drafts: [draft("approval_cancelled", "r1", { approval_id: first })] });
  clock.advance(ITEM_MS);
  await settle();
  fake.remove(session_id);
  const frames = parsed(sent).map(({ event_type, data }) => [event_type, data.id ?? data.item?.approval_id]);
  assertEquals(frames, [
    ["snapshot", undefined],
    ["upsert", first],
    ["upsert", second],
    ["remove", first],
    ["remove", second],
  ]);
  assertEquals(parsed(sent)[3].data.resolved_by, { id: "other", name: "O" });
});

Deno.test("[FEED6] a snapshot that cannot be read ends the subscription with its error", async () => {
  const { clock, feed, change } = counting();
  const failing = new Feed({
    name: "x",
    snapshot: () => Promise.reject(new AppError("store_away", "away")),
    item: () => Promise.resolve("never"),
  }, clock);
  const { sent, errors } = follow(failing);
  await settle();
  failing.changed("a");
  clock.advance(ITEM_MS);
  await settle();
  assertEquals(sent, []);
  assertEquals(errors.map((error) => error instanceof AppError && error.code), ["store_away"]);
  const leaving = follow(feed);
  leaving.leave();
  change("a");
  await settle();
  assertEquals(leaving.sent, []);
});

Deno.test("[FEED7] after changes that nobody told of every follower gets one new snapshot, and then what comes after it", async () => {
  const { clock, feed, change, gate } = counting();
  const { sent, leave } = follow(feed);
  await settle();
  const wait = Promise.withResolvers<void>();
  gate.wait = wait.promise;
  feed.again();
  feed.again();
  change("a");
  clock.advance(0);
  await settle();
  assertEquals(sent, ["snapshot 0"]);
  wait.resolve();
  await settle();
  assertEquals(sent, ["snapshot 0", "snapshot 1", "a 1"]);
  leave();
});
