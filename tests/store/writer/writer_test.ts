// The writer's promises one by one; model_test.ts holds them together under a hostile store.
import { assert, assertEquals } from "@std/assert";
import { AppError } from "@/lib/model/error.ts";
import type { Kv } from "@/lib/store/kv.ts";
import { encodeRow, setRow } from "@/lib/store/mutation.ts";
import { applied, Desk } from "./desk.ts";
import { numberOf, toyAggregate } from "./toy.ts";

Deno.test("[WR-ORDER] commands of one turn go in one commit, in order, each on the state of the one before", async () => {
  await using desk = await Desk.open();
  const seen: number[] = [];
  const sent = ["a", "b", "c"].map((op) =>
    desk.submit(op, {
      decide: ({ state }) => {
        seen.push(state.ops.length);
        return applied(state, op);
      },
    })
  );
  const done = await Promise.all(sent);
  assertEquals(desk.atomics, 1);
  assertEquals(seen, [0, 1, 2]);
  assertEquals(done.map(({ reply, first_seq, last_seq }) => [reply, first_seq, last_seq]), [
    ["a", 1, 1],
    ["b", 2, 2],
    ["c", 3, 3],
  ]);
});

Deno.test("[WR-CLOSING] what closes a commit is made once, from its first state to its last, and goes with it", async () => {
  const made: [number, number][] = [];
  const key = ["closing", "s-1"];
  await using desk = await Desk.open({
    ...toyAggregate,
    closing(_, before, after) {
      made.push([before.ops.length, after.ops.length]);
      return [setRow(key, after.ops)];
    },
  });
  await Promise.all(["a", "b", "c"].map((op) => desk.submit(op)));
  assertEquals([desk.atomics, made], [1, [[0, 3]]]);
  const row = () => desk.kv.get<Uint8Array>(key).then(({ value }) => JSON.parse(new TextDecoder().decode(value!)));
  assertEquals(await row(), ["a", "b", "c"]);
  await desk.submit("d");
  await desk.submit("e", { decide: () => ({ commit: false, reply: "nothing" }) });
  assertEquals([made, await row()], [[[0, 3], [3, 4]], ["a", "b", "c", "d"]]);
});

Deno.test("[WR-WINDOW] what is not urgent waits for the window, and goes at once with what is", async () => {
  await using desk = await Desk.open();
  await desk.submit("a", { urgent: false });
  const waiting = desk.submit("b", { urgent: false });
  await desk.quiet();
  assertEquals(desk.atomics, 1, "the first went at once, the second waits");
  const from = desk.clock.monotonic();
  desk.clock.step();
  await waiting;
  assert(desk.clock.monotonic() - from <= 10, "the window is at most 10 ms");
  const third = desk.submit("c", { urgent: false });
  await desk.submit("d");
  await third;
  assertEquals(desk.atomics, 3);
});

Deno.test("[WR-ANSWER] nobody is answered before the commit, also who is refused on what it decided", async () => {
  await using desk = await Desk.open();
  const told: string[] = [];
  desk.fates = ["ok", "ok", "slow"];
  const first = desk.submit("a").then(() => told.push("a"));
  const refused = desk.submit("b", {
    decide: ({ state }) => ({ commit: false, reply: `saw ${state.ops.join()}` }),
  }).then(({ reply }) => told.push(reply));
  const thrown = desk.submit("c", {
    decide: () => {
      throw new AppError("wrong_state", "no");
    },
  }).catch(() => told.push("thrown"));
  await desk.quiet();
  assertEquals(told, []);
  desk.clock.step();
  await Promise.all([first, refused, thrown]);
  assertEquals(told, ["a", "saw a", "thrown"]);
});

Deno.test("[WR-ANSWER] fan-out comes after the commit and before the answer; its bytes are those of the log", async () => {
  await using desk = await Desk.open();
  let before = -1;
  await desk.submit("a").then(() => {
    before = desk.commits.length;
  });
  await desk.submit("b");
  assertEquals(before, 1);
  const shown = desk.commits.map((commit) => new TextDecoder().decode(commit.lines)).join("");
  assertEquals(shown, await desk.log());
  assertEquals(desk.commits.map(({ first_seq, last_seq, state }) => [first_seq, last_seq, state.ops.length]), [
    [1, 1, 1],
    [2, 2, 2],
  ]);
});

Deno.test("[WR-ANSWER] what a listener throws keeps nobody from an answer; a commit without events is told too", async () => {
  await using desk = await Desk.open();
  desk.writer.onCommit(() => {
    throw new Error("a broken listener");
  });
  const done = await desk.submit("a");
  assertEquals(done.first_seq, 1);
  const silent = await desk.submit("b", { decide: ({ state }) => applied(state, "b", []) });
  assertEquals([silent.first_seq, silent.last_seq], [undefined, undefined]);
  const last = desk.commits.at(-1);
  assertEquals([last?.first_seq, last?.last_seq, last?.lines.length], [2, 1, 0]);
});

Deno.test("[WR-OUTSIDE] a second command on an outside key waits and is decided on what the first one wrote", async () => {
  await using desk = await Desk.open();
  const claim = (session_id: string) =>
    desk.submit("claim", {
      session_id,
      outside: [["n"]],
      decide: ({ state, outside }) => {
        const n = numberOf(outside[0]);
        return { ...applied(state, "claim"), rows: [setRow(["n"], n + 1)], reply: `read ${n}` };
      },
    });
  const done = await Promise.all([claim("s-1"), claim("s-2"), claim("s-1")]);
  assertEquals(done.map(({ reply }) => reply).sort(), ["read 0", "read 1", "read 2"]);
  assertEquals(desk.atomics, 3);
});

Deno.test("[WR-OUTSIDE] what another instance wrote to an outside key between the read and the commit is decided on", async () => {
  await using desk = await Desk.open();
  const seen: number[] = [];
  const claim = (reply: string) =>
    desk.submit("claim", {
      outside: [["n"]],
      decide: ({ state, outside }) => {
        seen.push(numberOf(outside[0]));
        // Its commit is under way before ours: the row that this decision rests on has moved.
        if (seen.length === 1) void desk.kv.set(["n"], encodeRow(7));
        return { ...applied(state, "claim"), reply };
      },
    });
  assertEquals((await claim("first")).reply, "first");
  assertEquals(seen, [0, 7]);
  assertEquals(desk.commits.length, 1, "the first decision never landed");
});

Deno.test("[WR-CACHE] a forgotten session is read again; one that another has moved too", async () => {
  await using desk = await Desk.open();
  await desk.submit("a");
  desk.writer.forget("s-1");
  assertEquals((await desk.submit("b")).first_seq, 2);
  const { state } = await toyAggregate.load(desk.kv as unknown as Kv, "s-1");
  const moved = { ...state, ops: [...state.ops, "other"] };
  for (const row of toyAggregate.diff("s-1", state, moved)) {
    if (row.type === "set") await desk.kv.set(row.key, row.value);
  }
  const seen = await desk.submit("look", {
    decide: ({ state }) => ({ commit: false, reply: state.ops.join() }),
  });
  assertEquals(seen.reply, "a,b,other");
});
