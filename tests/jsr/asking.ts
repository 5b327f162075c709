// Asks apps as a test does: without a server, with the body read.

import type { App, Middleware } from "fresh";

/** The state of the apps under test. */
export type State = { trail?: string[] };
/** An answer with its body read. */
export type Answer = { status: number; body: string; headers: Headers };

/** Asks an app as if over the network. */
export async function ask<S>(app: App<S>, path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await app.handler()(new Request(`http://localhost${path}`, init));
  return { status: response.status, body: await response.text(), headers: response.headers };
}

/** Asks an app and gives the body. */
export async function bodyOf<S>(app: App<S>, path: string, init?: RequestInit): Promise<string> {
  return (await ask(app, path, init)).body;
}

/** A middleware that leaves its name on the way in and out. */
export const step = (name: string): Middleware<State> => async (ctx) => {
  ctx.state.trail = [...ctx.state.trail ?? [], `${name}>`];
  const response = await ctx.next();
  ctx.state.trail?.push(`<${name}`);
  response.headers.set("x-trail", ctx.state.trail?.join(" ") ?? "");
  return response;
};

/** Keeps what an app logs of errors that nothing has taken, instead of printing it. */
export async function silently<T>(run: () => Promise<T>): Promise<{ result: T; logged: unknown[] }> {
  const logged: unknown[] = [];
  const { error } = console;
  Object.assign(console, { error: (value: unknown) => logged.push(value) });
  try {
    return { result: await run(), logged };
  } finally {
    Object.assign(console, { error });
  }
}
