// The object that a workflow gets. One for the whole run: every call finds its place by itself (here.ts).
import type { Ctx } from "../sdk/types.ts";
import { answer, approve, ask, open } from "./ask.ts";
import { all, map } from "./branches.ts";
import { group } from "./group.ts";
import { now, random, recall, uuid } from "./known.ts";
import type { Run } from "./run.ts";
import { emit, remember, skip } from "./say.ts";
import { step } from "./step.ts";
import { callTool, exec, model, sleep, tool, waitForMessage } from "./work.ts";

/** Makes the ctx of a run; `config` is the parsed one. */
export function newCtx<C>(run: Run, config: C): Ctx<C> {
  const { run_id, session_id, workflow, task, history } = run.start;
  return Object.freeze({
    config,
    task,
    run: Object.freeze({ run_id, session_id, workflow }),
    version: run.version,
    history: Object.freeze(history),
    memory: Object.freeze<Ctx["memory"]>({
      get: (schema, key) => recall(run, schema, key),
      set: remember,
    }),
    now,
    random,
    uuid,
    emit,
    skip,
    step,
    model,
    exec,
    tool,
    callTool,
    approve,
    ask,
    open,
    answer,
    waitForMessage,
    sleep,
    group,
    // The implementations answer for both forms of `errors`; the overloads of Ctx tell them apart.
    map: map as Ctx["map"],
    all: all as Ctx["all"],
  });
}
