// The form of a new task: mode, text, files, options, what it may do, start. Drafts stay on this device.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Mode } from "../lib/protocol/rest.ts";
import { ClientError, createApi } from "../lib/client/api.ts";
import { startWanted } from "../lib/client/start.ts";
import { GrantsList } from "../lib/ui/GrantsList.tsx";
import { Icon } from "../lib/ui/Icon.tsx";
import { ModeCards } from "../lib/ui/ModeCards.tsx";
import { complaint, configOf, fieldsOf } from "../lib/ui/schema_form.ts";
import { TaskEditor } from "../lib/ui/TaskEditor.tsx";
import { TaskOptions } from "../lib/ui/TaskOptions.tsx";

/** What the server rendered. */
export interface NewTaskProps {
  modes: Mode[];
  mode: string;
  task: string;
  examples: { name: string; title: string; text: string; mode: string }[];
  free_slots: number;
  error: string | null;
}
const DRAFT = "holdfast.draft";

/** The form; without JavaScript it posts to /new. */
export default function NewTask(props: NewTaskProps) {
  const mode = useSignal(props.mode);
  const task = useSignal(props.task);
  const texts = useSignal<Record<string, string>>({});
  const files = useSignal<File[]>([]);
  const busy = useSignal(false);
  const error = useSignal(props.error);
  const errors = useSignal<Record<string, string>>({});
  const chosen = useComputed(() => props.modes.find((one) => one.id === mode.value) ?? props.modes[0]);
  const fields = useComputed(() => fieldsOf(chosen.value?.config_schema ?? {}));
  const wrong = useComputed(() =>
    fields.value.filter((field) => complaint(field, texts.value[field.path] ?? "") !== null)
  );

  useEffect(() => {
    if (props.task === "") task.value = localStorage.getItem(DRAFT) ?? "";
    return task.subscribe((text) => text.length < 200_000 && localStorage.setItem(DRAFT, text));
  }, []);

  const start = async (event: Event) => {
    event.preventDefault();
    if (busy.value || task.value.trim() === "") {
      if (task.value.trim() === "") error.value = "Say what it should do.";
      return;
    }
    busy.value = true;
    error.value = null;
    errors.value = {};
    try {
      const config = configOf(fields.value, texts.value);
      const wanted = { task: task.value, mode: mode.value, config, files: files.value, run_id: crypto.randomUUID() };
      const session_id = await startWanted(createApi({ base: location.origin }), wanted);
      localStorage.removeItem(DRAFT);
      location.assign(`/sessions/${session_id}`);
    } catch (cause) {
      busy.value = false;
      if (!(cause instanceof ClientError)) throw cause;
      error.value = cause.message;
      errors.value = Object.fromEntries(
        (cause.problem?.errors ?? []).map((one) => [one.path.replace(/^config\./, ""), one.message]),
      );
    }
  };
  const keys = (event: KeyboardEvent) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) void start(event);
  };

  return (
    <form class="nt" method="post" action="/new" onSubmit={start} onKeyDown={keys}>
      <div class="nt-main">
        <h1 class="title" style="margin-bottom:14px">New task</h1>
        <ModeCards modes={props.modes} mode={mode.value} onMode={(id) => mode.value = id} />
        <TaskEditor
          text={task.value}
          onText={(text) => task.value = text}
          files={files.value}
          onFiles={(list) => files.value = list}
          examples={props.examples}
          onExample={(example) => {
            task.value = example.text;
            mode.value = example.mode;
          }}
        />
        <TaskOptions
          fields={fields.value}
          texts={texts.value}
          errors={errors.value}
          mode={mode.value}
          onText={(path, text) => texts.value = { ...texts.value, [path]: text }}
          onReset={() => texts.value = {}}
        />
      </div>
      <aside class="nt-side" aria-label="What it may do">
        <div class="nt-in">
          <h2 class="row" style="font-size:.9375rem">
            <Icon name="shield-check" />What it may do
          </h2>
          <p class="meta" style="margin-bottom:8px">Nothing else. Whatever lies beyond, it has to ask you for.</p>
          {chosen.value && <GrantsList grants={chosen.value.grants} />}
          <div style="margin-top:auto;padding-top:18px">
            {(error.value ?? (wrong.value[0] && `Needs a look: ${wrong.value[0].label}.`)) && (
              <p class="meta row bad-text" role="alert">
                <Icon name="triangle-alert" size={14} />
                {error.value ?? `Needs a look: ${wrong.value[0]?.label}.`}
              </p>
            )}
            <button
              type="submit"
              class="btn btn-primary btn-start"
              style="width:100%"
              disabled={busy.value || wrong.value.length > 0}
            >
              <Icon name="play" size={14} />
              {busy.value ? "Starting" : "Start task"} <kbd class="k only-l">Ctrl</kbd>{" "}
              <kbd class="k only-l">Enter</kbd>
            </button>
            <p class="meta" style="margin-top:8px;text-align:center">
              {props.free_slots > 0 ? "Starts at once." : "All places are taken: it waits in the queue."}
            </p>
          </div>
        </div>
      </aside>
    </form>
  );
}
