import { assert, assertEquals, assertRejects } from "@std/assert";
import { EMPTY_VIEW, fold, VIEW_FORMAT } from "@/lib/engine/view.ts";
import { AppError } from "@/lib/model/error.ts";
import { workflow } from "./support/workflows.ts";
import { ADMIN, openWorld, type World } from "./support/world.ts";

const talker = workflow("talker", async (ctx) => {
  const count = Number(ctx.task);
  for (let n = 0; n < count; n++) ctx.emit("agent_message", { agent: "a", message: `line ${n}` });
  await ctx.step("end", () => null);
  return count;
});
const talk = async (world: World, count: number) => {
  const started = await world.holdfast.startTask(ADMIN, { task: String(count), config: { mode: "talker" } });
  await world.status(started.session_id, "completed");
  return started;
};

Deno.test("[QRY1] the view is folded from a snapshot and the tail, and is that of the whole log", async () => {
  await using world = await openWorld({ workflows: [talker] });
  const { session_id } = await talk(world, 1500);
  const first = await world.holdfast.query.view(ADMIN, session_id);
  assert(first.as_of_seq > 1500);
  const snapshot = await world.store.snapshots.get(session_id, VIEW_FORMAT);
  assertEquals(snapshot?.seq, first.as_of_seq);
  await world.holdfast.startTask(ADMIN, { task: "3", config: {}, session_id });
  await world.status(session_id, "completed");
  const second = await world.holdfast.query.view(ADMIN, session_id);
  let whole = EMPTY_VIEW;
  for (let after = 0;;) {
    const page = await world.holdfast.query.events(ADMIN, session_id, { after, limit: 1000 });
    whole = fold(whole, page.events);
    if (page.next_after === after) break;
    after = page.next_after;
  }
  assertEquals(second.view, whole);
});

Deno.test("[QRY2] the history is the last messages, also more than the view holds", async () => {
  await using world = await openWorld({ workflows: [talker] });
  const { session_id } = await talk(world, 250);
  const few = await world.holdfast.query.history(ADMIN, session_id, 2);
  assertEquals([few.total, few.messages.map((message) => message.content)], [251, ["line 248", "line 249"]]);
  const many = await world.holdfast.query.history(ADMIN, session_id, 1000);
  assertEquals([many.messages.length, many.messages[0]?.content, many.messages[1]?.content], [251, "250", "line 0"]);
  const some = await world.holdfast.query.history(ADMIN, session_id, 150);
  assertEquals([some.messages.length, some.messages[0]?.content], [150, "line 100"]);
});

Deno.test("[QRY3] lines are those of the log, byte for byte, and a cursor goes on where it ended", async () => {
  await using world = await openWorld({ workflows: [talker] });
  const { session_id } = await talk(world, 30);
  const stored: string[] = [];
  for await (const chunk of world.holdfast.log.chunks(session_id, 0)) {
    stored.push(...new TextDecoder().decode(chunk.lines).trimEnd().split("\n"));
  }
  const paged: string[] = [];
  for (let after = 0;;) {
    const page = await world.holdfast.query.eventLines(ADMIN, session_id, { after, limit: 7 });
    paged.push(...page.lines);
    if (page.lines.length === 0) break;
    after = page.next_after;
  }
  assertEquals(paged, stored);
  const published = world.hub.published.filter((commit) => commit.session_id === session_id);
  assertEquals(published.map((commit) => new TextDecoder().decode(commit.lines)).join(""), `${stored.join("\n")}\n`);
  const some = await world.holdfast.query.events(ADMIN, session_id, { limit: 100, types: ["agent_message"] });
  assertEquals(some.events.length, 30);
  const back = await world.holdfast.query.events(ADMIN, session_id, { before: 10, limit: 3 });
  assertEquals(back.events.map((event) => event.seq), [7, 8, 9]);
});

Deno.test("[QRY4] files tell the run and the step that made or changed them last", async () => {
  const writer = workflow("writer", async (ctx) => {
    await ctx.step("write", ({ files }) => files.write("out.csv", "a,b"));
    return null;
  });
  await using world = await openWorld({ workflows: [writer] });
  const { session_id, run_id } = await world.holdfast.startTask(ADMIN, { task: "T", config: { mode: "writer" } });
  await world.holdfast.folders.write(session_id, "in.json", new TextEncoder().encode("{}"));
  await world.status(session_id, "completed");
  const files = await world.holdfast.query.files(ADMIN, session_id);
  assertEquals(files.map((file) => [file.path, file.media_type, file.size_bytes, file.run_id, file.step_id]), [
    ["in.json", "application/json", 2, null, null],
    ["out.csv", "text/csv", 3, run_id, "write"],
  ]);
});

Deno.test("[QRY5] the export holds the session, its runs, files and its whole log as it is stored", async () => {
  await using world = await openWorld({ workflows: [talker] });
  const { session_id } = await talk(world, 5);
  const stream = await world.holdfast.query.exportSession(ADMIN, session_id);
  const lines = (await new Response(stream).text()).trimEnd().split("\n");
  const { lines: stored } = await world.holdfast.query.eventLines(ADMIN, session_id, { limit: 1000 });
  assertEquals(lines.slice(-stored.length), stored);
  assertEquals(lines.slice(0, -stored.length).map((line) => JSON.parse(line).kind), ["session", "run"]);
});

Deno.test("[QRY6] the list and the pulse count what one may see", async () => {
  const asking = workflow("asking", async (ctx) => {
    await ctx.model("think", { agent: "a", messages: [] });
    await ctx.approve("go", { type: "step_approval", title: "Go?", subject: 1 });
  });
  await using world = await openWorld({ workflows: [talker, asking] });
  const usage = { input_tokens: 1, output_tokens: 1, cached_input_tokens: 0, cost_usd: 0.5, limit_tokens: 4000 };
  world.models.answer = () => Promise.resolve({ text: "x", usage: { ...usage, model: "m" } });
  await talk(world, 1);
  const { session_id } = await world.holdfast.startTask(ADMIN, {
    task: "Ask\nmore",
    config: { mode: "asking" },
    name: "Questions",
  });
  await world.status(session_id, "waiting");
  const pulse = await world.holdfast.query.pulse(ADMIN);
  assertEquals([pulse.needs_you, pulse.running, pulse.queued, pulse.free_slots], [1, 0, 0, 10]);
  assertEquals([pulse.cost_today_usd, pulse.by_status["completed"]], [0.5, 1]);
  const found = await world.holdfast.query.sessions(ADMIN, { limit: 10, needs_you: true });
  assertEquals(found.items.map((one) => [one.name, one.wait?.on, one.pending_approvals]), [[
    "Questions",
    "approval",
    1,
  ]]);
  assertEquals((await world.holdfast.query.sessions(ADMIN, { limit: 10, q: "ask" })).total, 1);
  assertEquals((await world.holdfast.query.summary(ADMIN, session_id)).name, "Questions");
  const detail = await world.holdfast.query.session(ADMIN, session_id);
  assertEquals(detail.context, { used_tokens: 2, limit_tokens: 4000 });
  assertEquals(detail.pending_approvals.map((one) => one.action), ["Go?"]);
});

Deno.test("[QRY7] runs of all sessions come newest first, in pages", async () => {
  await using world = await openWorld({ workflows: [talker] });
  const ids: string[] = [];
  for (let n = 0; n < 5; n++) {
    ids.unshift((await talk(world, 1)).run_id);
    world.clock.advance(1_000);
  }
  const first = await world.holdfast.query.runs(ADMIN, { limit: 2 });
  const second = await world.holdfast.query.runs(ADMIN, { limit: 10, cursor: first.next_cursor ?? "" });
  assertEquals([...first.items, ...second.items].map((run) => run.run_id), ids);
});

Deno.test("[QRY8] what is not there is not found, and a cursor of elsewhere is refused", async () => {
  await using world = await openWorld({ workflows: [talker] });
  const none = "00000000-0000-4000-8000-000000000000";
  const code = async (work: () => Promise<unknown>) => (await assertRejects(work, AppError)).code;
  assertEquals(await code(() => world.holdfast.query.session(ADMIN, none)), "not_found");
  assertEquals(await code(() => world.holdfast.query.run(ADMIN, "none")), "not_found");
  assertEquals(await code(() => world.holdfast.query.approval(ADMIN, none)), "not_found");
  const { session_id } = await talk(world, 1);
  assertEquals(await code(() => world.holdfast.query.blob(ADMIN, session_id, "0".repeat(64))), "not_found");
  assertEquals(await code(() => world.holdfast.query.runs(ADMIN, { limit: 2, cursor: "nonsense" })), "invalid");
});

Deno.test("[QRY9] modes show their whole config schema and what they may do", async () => {
  await using world = await openWorld({ workflows: [talker] });
  const [mode] = await world.holdfast.query.modes();
  assertEquals([mode?.id, mode?.grants.memory_mb, mode?.grants.writes], ["talker", 512, ["the session's own folder"]]);
  assertEquals(mode?.config_schema["additionalProperties"], false);
});
