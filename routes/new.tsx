// A new task: the form, and what it posts where there is no JavaScript.
import { page } from "fresh";
import { Head } from "fresh/runtime";
import { define } from "../lib/http/define.ts";
import { examples } from "../lib/http/examples.ts";
import { signedIn } from "../lib/http/signed_in.ts";
import type { State } from "../lib/http/state.ts";
import { AppError } from "../lib/model/error.ts";
import NewTask from "../islands/NewTask.tsx";
import TopLive from "../islands/TopLive.tsx";
import { configOf, fieldsOf } from "../lib/client/schema_form.ts";
import { TabBar, TopBar } from "../lib/ui/Shell.tsx";
import { WorkflowProblems } from "../lib/ui/WorkflowProblems.tsx";

interface Filled {
  mode: string;
  task: string;
  error: string | null;
}

async function data(state: State, filled: Filled) {
  const me = signedIn(state);
  const [modes, problems, pulse, list] = await Promise.all([
    state.holdfast.query.modes(),
    state.holdfast.query.workflowProblems(me),
    state.holdfast.query.pulse(me),
    examples(),
  ]);
  const mode = modes.some((one) => one.id === filled.mode) ? filled.mode : modes[0]?.id ?? "";
  return { ...filled, mode, modes, problems, pulse, examples: list, user: me.name };
}

/** Starts the task that a plain form says; gives the session's address. */
async function start(state: State, form: FormData): Promise<string> {
  const me = signedIn(state);
  const texts = Object.fromEntries(
    [...form].flatMap(([key, value]) => typeof value === "string" ? [[key, value]] : []),
  );
  const mode = (await state.holdfast.query.modes()).find((one) => one.id === texts["mode"]);
  if (mode === undefined) throw new AppError("invalid", "Cannot start the task: no such mode");
  const task = texts["task"] ?? "";
  if (task.trim() === "") throw new AppError("invalid", "Say what it should do.");
  const config = { ...configOf(fieldsOf(mode.config_schema), texts), mode: mode.id };
  const started = await state.holdfast.startTask(me, { task, config }, { request_id: state.request_id });
  return `/sessions/${started.session_id}`;
}

export const handler = define.handlers({
  async GET(ctx) {
    const wanted = ctx.url.searchParams.get("example");
    const example = (await examples()).find((one) => one.name === wanted);
    const mode = ctx.url.searchParams.get("mode") ?? example?.mode ?? "planning-control";
    return page(await data(ctx.state, { mode, task: example?.text ?? "", error: null }));
  },
  async POST(ctx) {
    const form = await ctx.req.formData();
    try {
      return ctx.redirect(await start(ctx.state, form), 303);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const text = (key: string) => `${form.get(key) ?? ""}`;
      return page(await data(ctx.state, { mode: text("mode"), task: text("task"), error: error.message }), {
        status: error.status,
      });
    }
  },
});

export default define.page<typeof handler>(function New({ data }) {
  return (
    <>
      <Head>
        <title>New task · Holdfast</title>
      </Head>
      <TopBar at="new" user={data.user}>
        <TopLive pulse={data.pulse} />
      </TopBar>
      <main id="main">
        <WorkflowProblems problems={data.problems} />
        <NewTask
          modes={data.modes}
          mode={data.mode}
          task={data.task}
          examples={data.examples}
          free_slots={data.pulse.free_slots}
          error={data.error}
        />
      </main>
      <TabBar at="new" />
    </>
  );
});
