// Carries out a program as a workflow: what it says, calls and returns shows all that it saw.
import { type Ctx, defineWorkflow, Failure, type Json, type Workflow, z } from "../../../workers/sdk/mod.ts";
import { print } from "../../../workers/runtime/say.ts";
import type { Node, Program } from "./program.ts";

/** What effects of steps in this process are told to. */
export interface World {
  /** An effect of an attempt of a step; its value. */
  effect(key: string, attempt: number): Json;
  /** Awaits something that is not a leaf, at any speed. */
  foreign(): Promise<void>;
}

interface Env {
  readonly ctx: Ctx;
  readonly world: World;
  readonly program: Program;
  /** What every branch sees and changes; only programs that are not foreign read it. */
  readonly shared: { order: Json[]; winner: string | null };
  /** What this line of code saw. */
  readonly seen: Json[];
  readonly tag: string;
}

/** The workflow of a program. */
export function workflowOf(program: Program, world: World): Workflow {
  return defineWorkflow({
    id: "fuzz",
    config: z.strictObject({}),
    async run(ctx) {
      const shared: Env["shared"] = { order: [], winner: null };
      const seen: Json[] = [];
      await body({ ctx: ctx as Ctx, world, program, shared, seen, tag: "" }, program.body);
      return program.foreign ? { seen } : { seen, shared };
    },
  });
}

async function body(env: Env, nodes: readonly Node[]): Promise<void> {
  for (const node of nodes) await carryOut(env, node);
}

/** Notes a value where this line, and every branch, sees it. */
function saw(env: Env, value: Json): void {
  env.seen.push(value);
  env.shared.order.push([env.tag, value]);
}

async function carryOut(env: Env, node: Node): Promise<void> {
  const { ctx, shared, world } = env;
  switch (node.do) {
    case "leaf":
      return saw(env, await leaf(env, node));
    case "wait":
      return saw(env, await wait(env, node));
    case "open": {
      const opened = ctx.open(node.name, { question: `open ${node.name}?`, answer: z.number() });
      await caught(env, node.between);
      return saw(env, await ctx.answer(opened));
    }
    case "say":
      return say(env, node);
    case "remember":
      ctx.memory.set(node.key, [env.tag, shared.order.length]);
      return saw(env, ctx.memory.get(z.json(), node.key) ?? null);
    case "known":
      return saw(env, [ctx.now(), ctx.random(), ctx.uuid()]);
    case "win":
      if (shared.winner !== null) return;
      shared.winner = env.tag;
      return await body(env, node.body);
    case "parity":
      return await body(env, shared.order.length % 2 === 0 ? node.even : node.odd);
    case "caught":
      return await caught(env, node.body);
    case "throw":
      throw new Failure(node.code, `thrown in ${env.tag}`);
    case "foreign":
      return await world.foreign();
    case "group":
      return await ctx.group(node.id, `Group ${node.id}`, () => body(env, node.body));
    case "retry":
      return await retry(env, node);
    case "map":
    case "all":
      return await branches(env, node);
    default:
      return node satisfies never;
  }
}

/** Runs nodes and turns a failure into something seen. */
async function caught(env: Env, nodes: readonly Node[]): Promise<void> {
  try {
    await body(env, nodes);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    saw(env, `caught ${error.code}`);
    env.ctx.emit("warning", { code: error.code, message: error.message });
  }
}

async function leaf({ ctx, world, shared, program }: Env, node: Extract<Node, { do: "leaf" }>): Promise<Json> {
  const { name, attempts, fails } = node;
  // The arguments show the order so far: a replay that mixes it up asks for something else.
  const content = program.foreign ? String(fails) : `${fails} ${JSON.stringify(shared.order.slice(-3))}`;
  switch (node.kind) {
    case "step":
      return await ctx.step(name, ({ key, attempt }) => {
        const value = world.effect(key.slice(key.indexOf("/") + 1), attempt);
        if (attempt <= fails) throw new Failure("flaky", `attempt ${attempt}`);
        return value;
      }, { attempts });
    case "model": {
      const turn = await ctx.model(name, { agent: "a", messages: [{ role: "user", content }], attempts });
      return turn.text;
    }
    case "exec":
      return (await ctx.exec(name, { code: content, attempts })).value;
    case "tool":
      return (await ctx.tool("files_read", { path: content }, { attempts })).content;
    default:
      return node.kind satisfies never;
  }
}

async function wait(env: Env, node: Extract<Node, { do: "wait" }>): Promise<Json> {
  const { ctx } = env;
  switch (node.kind) {
    case "approve": {
      const answer = await ctx.approve(node.name, {
        type: "step_approval",
        title: node.name,
        subject: { name: node.name, order: env.program.foreign ? 0 : env.shared.order.length },
        allowed: ["approved", "rejected"],
      });
      return [answer.verb, answer.feedback];
    }
    case "ask":
      return await ctx.ask(node.name, { question: `${node.name}?`, answer: z.number() });
    case "message":
      return (await ctx.waitForMessage(node.name)).map((message) => message.content);
    case "sleep":
      await ctx.sleep(node.name, 60);
      return "slept";
    default:
      return node.kind satisfies never;
  }
}

function say({ ctx, tag }: Env, { how, times }: Extract<Node, { do: "say" }>): void {
  for (let i = 0; i < times; i++) {
    if (how === "emit") ctx.emit("agent_message", { agent: tag, message: `line ${i}` });
    else if (how === "skip") ctx.skip(`skip-${i}`, tag, null);
    else print("print", `${tag} prints ${i}`);
  }
}
async function retry(env: Env, node: Extract<Node, { do: "retry" }>): Promise<void> {
  for (let attempt = 0;; attempt++) {
    try {
      return await env.ctx.group(node.id, `Try ${node.id}`, async () => {
        await body(env, node.body);
        if (attempt < node.fails) throw new Failure("again", `attempt ${attempt}`);
      });
    } catch (error) {
      if (!(error instanceof Failure) || error.code !== "again") throw error;
    }
  }
}

async function branches(env: Env, node: Extract<Node, { do: "map" | "all" }>): Promise<void> {
  const { ctx } = env;
  const branch = async (name: string, nodes: readonly Node[]) => {
    const own = { ...env, seen: [], tag: `${env.tag}/${name}` };
    await body(own, nodes);
    return own.seen;
  };
  if (node.do === "all") {
    const named = Object.fromEntries(node.branches.map((nodes, i) => [`b${i}`, () => branch(`b${i}`, nodes)]));
    const results = node.errors === "stop"
      ? await ctx.all(node.id, named, { errors: "stop" })
      : await ctx.all(node.id, named, { errors: "collect" });
    return void env.seen.push(plain(results));
  }
  const items = Array.from({ length: node.items }, (_, i) => i);
  const { limit } = node;
  // Keys come twice, so that they are counted; the last branch does something else.
  const key = (item: number) => `k${item >> 1}`;
  const fn = (item: number) => branch(`${node.id.slice(0, 3)}${item}`, item === node.items - 1 ? node.last : node.body);
  const results = node.errors === "stop"
    ? await ctx.map(node.id, items, { key, limit, errors: "stop" }, fn)
    : await ctx.map(node.id, items, { key, limit, errors: "collect" }, fn);
  env.seen.push(plain(results));
}

const plain = (value: unknown): Json =>
  JSON.parse(JSON.stringify(value, (_key, part) => part instanceof Failure ? `${part.code}: ${part.message}` : part));
