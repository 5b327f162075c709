// How the process's services reach ctx.state: bound to the request itself, so that importing the app opens nothing and
// one process can serve several apps (tests do).
import { getLogger } from "@logtape/logtape";
import { AppError } from "../model/error.ts";
import type { Services, State } from "./state.ts";

interface Attached {
  services: Services;
  request_id: string;
}
const attached = new WeakMap<Request, Attached>();

/** Binds services and id to a request, before the app sees it. */
export function attach(request: Request, bound: Attached): void {
  attached.set(request, bound);
}

/** Fills ctx.state from what is bound to its request: the first middleware of the app. Throws AppError `draining`. */
export async function provideState(
  ctx: { req: Request; state: State; next(): Promise<Response> },
): Promise<Response> {
  const bound = attached.get(ctx.req);
  if (bound === undefined) {
    throw new AppError("draining", "Cannot answer: the app runs without its server; start it with serve.ts");
  }
  const { services, request_id } = bound;
  const log = getLogger(["holdfast", "http"]).with({ request_id });
  Object.assign(ctx.state, { ...services, request_id, log, principal: null });
  return await ctx.next();
}
