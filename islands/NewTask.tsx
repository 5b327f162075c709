// The form of a new task: mode, text, files, options, what it may do, start. Without JavaScript it posts to /new.
import { type NewTaskStart, type NewTaskState, useNewTask } from "../lib/client/new_task_state.ts";
import { configOf } from "../lib/client/schema_form.ts";
import { grantsWith } from "../lib/client/wanted_grants.ts";
import { GrantsList } from "../lib/ui/GrantsList.tsx";
import { Icon } from "../lib/ui/Icon.tsx";
import { ModeCards } from "../lib/ui/ModeCards.tsx";
import { TaskEditor, type TaskExample } from "../lib/ui/TaskEditor.tsx";
import { TaskOptions } from "../lib/ui/TaskOptions.tsx";

/** What the server rendered. */
export interface NewTaskProps extends NewTaskStart {
  examples: TaskExample[];
  free_slots: number;
}

/** The form. */
export default function NewTask(props: NewTaskProps) {
  const state = useNewTask(props);
  const { mode, task, texts, files } = state;
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void state.start(event);
  };
  const take = (example: TaskExample) => {
    task.value = example.text;
    mode.value = example.mode;
  };
  return (
    <form class="nt" method="post" action="/new" onSubmit={state.start} onKeyDown={keys}>
      <div class="nt-main">
        <h1 class="title" style="margin-bottom:14px">New task</h1>
        <ModeCards modes={props.modes} mode={mode.value} onMode={(id) => mode.value = id} />
        <TaskEditor
          text={task.value}
          onText={(text) => task.value = text}
          files={files.value}
          onFiles={(list) => files.value = list}
          examples={props.examples}
          onExample={take}
        />
        <TaskOptions
          fields={state.fields.value}
          texts={texts.value}
          errors={state.errors.value}
          mode={mode.value}
          onText={(path, text) => texts.value = { ...texts.value, [path]: text }}
          onReset={() => texts.value = {}}
        />
      </div>
      <Side state={state} free_slots={props.free_slots} />
    </form>
  );
}

const Side = (props: { state: NewTaskState; free_slots: number }) => {
  const { chosen, busy, error, wrong, fields, texts } = props.state;
  const trouble = error.value ?? wrong.value;
  return (
    <aside class="nt-side" aria-label="What it may do">
      <div class="nt-in">
        <h2 class="row" style="font-size:.9375rem">
          <Icon name="shield-check" />What it may do
        </h2>
        <p class="meta" style="margin-bottom:8px">Nothing else. Whatever lies beyond, it has to ask you for.</p>
        {chosen.value && <GrantsList grants={grantsWith(chosen.value.grants, configOf(fields.value, texts.value))} />}
        <div style="margin-top:auto;padding-top:18px">
          {trouble !== null && (
            <p class="meta row bad-text" role="alert">
              <Icon name="triangle-alert" size={14} />
              {trouble}
            </p>
          )}
          <button
            type="submit"
            class="btn btn-primary btn-start"
            style="width:100%"
            disabled={busy.value || wrong.value !== null}
          >
            <Icon name="play" size={14} />
            {busy.value ? "Starting" : "Start task"} <kbd class="k only-l">Ctrl</kbd> <kbd class="k only-l">Enter</kbd>
          </button>
          <p class="meta" style="margin-top:8px;text-align:center">
            {props.free_slots > 0 ? "Starts at once." : "All places are taken: it waits in the queue."}
          </p>
        </div>
      </div>
    </aside>
  );
};
