// Steps: own code of the workflow, run once, in this process and without rights but the session's files.
//
//   S1. An attempt runs only after the host has committed that it begins, and ends with one `end` frame.
//   S2. Whether a failed attempt is repeated is the host's decision: it answers `settle` or `began`.
//   S3. What runs on after a timeout or a drop is not listened to.
import type { FailureData, Policy } from "../../lib/model/journal.ts";
import type { Json } from "../../lib/model/json.ts";
import type { FileArgs } from "../../lib/protocol/sandbox.ts";
import { Failure } from "../sdk/failure.ts";
import { failureData } from "./thrown.ts";
import type { Files, StepContext, Stored, ToolResults } from "../sdk/types.ts";
import { at, type Here } from "./here.ts";
import { exactJson } from "./json.ts";
import { callLeaf, fromHost } from "./leaf.ts";
import { policyOf } from "./policy.ts";
import type { Run } from "./run.ts";
import type { Leaf } from "./scope.ts";

type StepFunction = (step: StepContext) => unknown;

/** ctx.step */
export async function step<T>(
  name: string,
  fn: (step: StepContext) => T | Promise<T>,
  policy: Policy = {},
): Promise<Stored<T>> {
  const value = await callLeaf({
    kind: "step",
    name,
    digest: null,
    policy: policyOf(policy),
    begin: (base) => ({ ...base, kind: "step" }),
    work: (here, leaf, attempt) => runAttempt(here, leaf, { attempt, fn }),
  });
  return fromHost<Stored<T>>(value);
}

/** Runs one attempt; the result aborts it. */
function runAttempt(here: Here, leaf: Leaf, work: { attempt: number; fn: StepFunction }): () => void {
  const { run } = here;
  const controller = new AbortController();
  let over = false;
  const stop = () => {
    if (over) return;
    over = true;
    cancelTimer();
    controller.abort(new Failure("aborted", `Step "${leaf.name}" was stopped`));
  };
  const end = (result: { ok: true; value: Json } | { ok: false; failure: FailureData }) => {
    if (over || run.over !== null) return;
    over = true;
    cancelTimer();
    run.outbox.send({ type: "end", key: leaf.key, result });
  };
  const { timeout_s } = leaf.policy;
  const cancelTimer = timeout_s === undefined ? () => {} : run.ports.after(timeout_s * 1000, () => {
    const failure = new Failure("timeout", `Step "${leaf.name}" took longer than ${timeout_s} s`);
    end({ ok: false, failure: failureData(failure) });
    controller.abort(failure);
  });
  const context: StepContext = {
    files: filesOf(run, leaf, () => over),
    attempt: work.attempt,
    key: `${run.start.run_id}/${leaf.key}`,
    signal: controller.signal,
  };
  at({ ...here, step: leaf }, () => attempt(work.fn, context, leaf.name)).then(end);
  return stop;
}

async function attempt(fn: StepFunction, context: StepContext, name: string): Promise<
  { ok: true; value: Json } | { ok: false; failure: FailureData }
> {
  try {
    return { ok: true, value: exactJson(await fn(context), `the result of step "${name}"`) };
  } catch (thrown) {
    return { ok: false, failure: failureData(thrown) };
  }
}

/** The session's folder as a step sees it, until its attempt is over. */
function filesOf(run: Run, leaf: Leaf, isOver: () => boolean): Files {
  const ask = (args: FileArgs): Promise<Json> => {
    const what = `${args.tool} in step "${leaf.name}"`;
    if (isOver()) return Promise.reject(new Failure("aborted", `Cannot call ${what}: the attempt is over`));
    return new Promise((resolve, reject) => {
      run.fileOps++;
      run.fileReplies.set(run.fileOps, (result) => {
        if (result.ok) resolve(result.value);
        else reject(new Failure(result.failure.code, result.failure.message, result.failure.data));
      });
      run.outbox.send({ type: "files", key: leaf.key, op: run.fileOps, args });
    });
  };
  return {
    async read(path, max_bytes) {
      const limit = max_bytes === undefined ? {} : { max_bytes };
      const read = fromHost<ToolResults["files_read"]>(await ask({ tool: "files_read", path, ...limit }));
      return read.content;
    },
    async write(path, content) {
      await ask({ tool: "files_write", path, content });
    },
    list: async () => fromHost(await ask({ tool: "files_list" })),
  };
}
