// The text of a task with its examples and input files.
import { Icon } from "./Icon.tsx";
import { sketch } from "../client/schema_form.ts";
import { size } from "./words.ts";

/** An example to begin with. */
export interface TaskExample {
  name: string;
  title: string;
  text: string;
  mode: string;
}

const PLACEHOLDER =
  'Plain words, or a runbook:\n\n# Title\n\n## First step\nWhat it is about.\n\n```ts\nconsole.log("runs in its own process");\n```\n\n> approve: look before it goes on';

const plural = (n: number, one: string, many: string) => `${n} ${n === 1 ? one : many}`;

/** What the text holds, in words. */
function summary(text: string): string {
  const found = sketch(text);
  if (found.steps === 0 && found.blocks === 0) return text.trim() === "" ? "" : "plain text";
  const asks = found.asks === 0 ? "" : `, asks you ${found.asks === 1 ? "once" : `${found.asks} times`}`;
  return `${plural(found.steps, "step", "steps")}, ${plural(found.blocks, "code block", "code blocks")}${asks}`;
}

/** The editor. Files are kept by the caller and uploaded at the start. */
export function TaskEditor(props: {
  text: string;
  onText?: (text: string) => void;
  files: readonly File[];
  onFiles?: (files: File[]) => void;
  examples: TaskExample[];
  onExample?: (example: TaskExample) => void;
}) {
  const { text, files } = props;
  const add = (list: FileList | null | undefined) => props.onFiles?.([...files, ...(list ?? [])]);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    add(event.dataTransfer?.files);
  };
  return (
    <section>
      <div class="row wrap" style="margin:20px 0 6px">
        <label class="lbl lbl-x" for="task">What should it do?</label>
        <Examples {...props} />
      </div>
      <div class="ed" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
        <textarea
          id="task"
          name="task"
          class="ed-t"
          rows={16}
          spellcheck={false}
          autofocus
          value={text}
          placeholder={PLACEHOLDER}
          onInput={(event) => props.onText?.(event.currentTarget.value)}
        >
          {text}
        </textarea>
        <div class="ed-f">
          <Files files={files} onRemove={(file) => props.onFiles?.(files.filter((one) => one !== file))} onAdd={add} />
          <span class="sp">{summary(text)}</span>
        </div>
      </div>
    </section>
  );
}

function Examples(props: { examples: TaskExample[]; onExample?: (example: TaskExample) => void }) {
  const take = (event: Event, example: TaskExample) => {
    event.preventDefault();
    props.onExample?.(example);
  };
  return (
    <span class="sp row wrap examples">
      <span class="meta only-l">Start from</span>
      {props.examples.map((one) => (
        <a
          key={one.name}
          class="btn btn-xs btn-quiet"
          href={`/new?example=${one.name}&mode=${one.mode}`}
          title={one.name}
          onClick={(event) => take(event, one)}
        >
          {one.title}
        </a>
      ))}
    </span>
  );
}

function Files(
  props: { files: readonly File[]; onRemove: (file: File) => void; onAdd: (list: FileList | null) => void },
) {
  return (
    <>
      {props.files.map((file, i) => (
        <span class="row" style="gap:6px" key={`${file.name}-${i}`}>
          <Icon name="file-text" size={14} />
          <span class="mono">{file.name}</span>
          <span class="num faint">{size(file.size)}</span>
          <button type="button" aria-label={`Leave out ${file.name}`} onClick={() => props.onRemove(file)}>
            <Icon name="x" size={12} />
          </button>
        </span>
      ))}
      <label class="btn btn-xs btn-quiet">
        <Icon name="upload" size={14} />
        <span>
          Add files<span class="only-l drop-x">or drop them here</span>
        </span>
        <input
          type="file"
          multiple
          class="sr-only"
          onChange={(event) => {
            props.onAdd(event.currentTarget.files);
            event.currentTarget.value = "";
          }}
        />
      </label>
    </>
  );
}
