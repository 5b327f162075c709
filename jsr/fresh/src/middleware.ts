// Middlewares and the chain that runs them.
//
//   M1. Each runs at most as often as the one before it calls `ctx.next()`.
//   M2. One that returns a function is lazy: the function takes its place for good.
//   M3. What throws becomes `ctx.error`, and layouts set further inside are undone.

import { type Context, uiOf } from "./context.ts";

/** Answers a request, or passes it on with `ctx.next()` and may change the answer. */
export type Middleware<State> = (ctx: Context<State>) => Response | Promise<Response>;

/** The older name of {@linkcode Middleware}. */
export type MiddlewareFn<State> = Middleware<State>;

/** A middleware, or a function that loads it at its first request. */
export type MaybeLazyMiddleware<State> = (ctx: Context<State>) => Response | Promise<Response | Middleware<State>>;

/** Runs the list from first to last; behind the last one stands what `ctx.next` is now. */
export async function runChain<State>(list: MaybeLazyMiddleware<State>[], ctx: Context<State>): Promise<Response> {
  const start = list.reduceRight<() => Promise<Response>>(
    (next, _, index) => () => runOne({ list, index, next }, ctx),
    ctx.next,
  );
  return await start();
}

type Place<State> = { list: MaybeLazyMiddleware<State>[]; index: number; next: () => Promise<Response> };

async function runOne<State>({ list, index, next }: Place<State>, ctx: Context<State>): Promise<Response> {
  const ui = uiOf(ctx);
  const { wrapper, layouts } = ui;
  ctx.next = next;
  try {
    const result = await list[index]?.(ctx);
    if (typeof result !== "function") return expectResponse(result);
    list[index] = result;
    return expectResponse(await result(ctx));
  } catch (error) {
    ctx.error = error;
    throw error;
  } finally {
    ui.wrapper = wrapper;
    ui.layouts = layouts;
  }
}

function expectResponse(value: unknown): Response {
  if (value instanceof Response) return value;
  throw new TypeError(`Cannot answer a request: expected a "Response" instance to be returned, but got: ${value}`);
}
