// The state of the new-task form: mode, text, files, options, and starting. Drafts stay on this device.
import { type ReadonlySignal, type Signal, useComputed, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Mode } from "../protocol/rest.ts";
import { ClientError, createApi } from "./api.ts";
import { refusalText } from "./refusal.ts";
import { complaint, configOf, type Field, fieldsOf } from "./schema_form.ts";
import { startKey, startWanted } from "./start.ts";

/** What the server rendered. */
export interface NewTaskStart {
  modes: Mode[];
  mode: string;
  task: string;
  error: string | null;
}
/** What the form shows and does. */
export interface NewTaskState {
  mode: Signal<string>;
  task: Signal<string>;
  texts: Signal<Record<string, string>>;
  files: Signal<File[]>;
  busy: Signal<boolean>;
  error: Signal<string | null>;
  /** What the server said of single options, by path. */
  errors: Signal<Record<string, string>>;
  chosen: ReadonlySignal<Mode | undefined>;
  fields: ReadonlySignal<Field[]>;
  /** The first thing that needs a look, in words. */
  wrong: ReadonlySignal<string | null>;
  /** The last start that was tried: the same form sent again has its run_id. */
  tried: Signal<{ key: string; run_id: string } | null>;
  start(event: Event): Promise<void>;
}
const DRAFT = "holdfast.draft";

/** Makes the state of the form. */
export function useNewTask(props: NewTaskStart): NewTaskState {
  const mode = useSignal(props.mode);
  const texts = useSignal<Record<string, string>>({});
  const chosen = useComputed(() => props.modes.find((one) => one.id === mode.value) ?? props.modes[0]);
  const fields = useComputed(() => fieldsOf(chosen.value?.config_schema ?? {}));
  const wrong = useComputed(() => {
    const field = fields.value.find((one) => complaint(one, texts.value[one.path] ?? "") !== null);
    return field === undefined ? null : `Needs a look: ${field.label}.`;
  });
  const state: Omit<NewTaskState, "start"> = {
    mode,
    texts,
    chosen,
    fields,
    wrong,
    task: useSignal(props.task),
    files: useSignal<File[]>([]),
    busy: useSignal(false),
    error: useSignal(props.error),
    errors: useSignal<Record<string, string>>({}),
    tried: useSignal<{ key: string; run_id: string } | null>(null),
  };
  useEffect(() => {
    if (props.task === "") state.task.value = localStorage.getItem(DRAFT) ?? "";
    return state.task.subscribe((text) => text.length < 200_000 && localStorage.setItem(DRAFT, text));
  }, []);
  return { ...state, start: (event) => start(state, event) };
}

async function start(state: Omit<NewTaskState, "start">, event: Event): Promise<void> {
  event.preventDefault();
  if (state.busy.value) return;
  if (state.task.value.trim() === "") {
    state.error.value = "Say what it should do.";
    return;
  }
  state.busy.value = true;
  state.error.value = null;
  state.errors.value = {};
  try {
    const wanted = {
      task: state.task.value,
      mode: state.mode.value,
      config: configOf(state.fields.value, state.texts.value),
      files: state.files.value,
    };
    const key = startKey(wanted);
    const tried = state.tried.peek()?.key === key ? state.tried.peek() : null;
    const { run_id } = state.tried.value = tried ?? { key, run_id: crypto.randomUUID() };
    const session_id = await startWanted(createApi({ base: location.origin }), { ...wanted, run_id });
    localStorage.removeItem(DRAFT);
    location.assign(`/sessions/${session_id}`);
  } catch (error) {
    state.busy.value = false;
    if (!(error instanceof ClientError)) throw error;
    state.error.value = refusalText(error);
    const errors = error.problem?.errors ?? [];
    state.errors.value = Object.fromEntries(errors.map((one) => [one.path.replace(/^config\./, ""), one.message]));
  }
}
