// Who said what: the task, the agents' messages, what is being written, and how it ended.
import type { SessionView } from "../../engine/view.ts";
import type { MessageView, RunView, StreamView } from "../../engine/view/types.ts";
import { Icon } from "../Icon.tsx";
import type { IconName } from "../icon_paths.ts";
import { taskTitle } from "../../model/task_title.ts";
import { clock } from "../words.ts";
import { Prose } from "./Prose.tsx";

const ICONS: Record<string, IconName> = { user: "user", engineer: "code", researcher: "quote", planner: "list-checks" };

/** The conversation of a session. */
export function Conversation(props: { view: SessionView }) {
  const { view } = props;
  const run = view.runs.at(-1);
  return (
    <div class="talk">
      {run === undefined && <p class="meta">Ready, no task yet.</p>}
      {view.conversation.map((message) => <Message key={message.seq} message={message} />)}
      {view.streams.map((stream) => <Stream key={stream.message_id} stream={stream} />)}
      {run !== undefined && <Ending run={run} />}
    </div>
  );
}

const LONG = 700;

/** The first line that says what a long text is about. */
function opening({ kind, content }: MessageView): string {
  const line = kind === "task" ? taskTitle(content) : content.trimStart().split("\n", 1)[0] ?? "";
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}

function Message(props: { message: MessageView }) {
  const { message } = props;
  const { content } = message;
  const text = message.kind === "agent" ? <Prose text={content} /> : <pre class="code" tabIndex={0}>{content}</pre>;
  return (
    <article class="msg">
      <span class="ai">
        <Icon name={message.kind === "agent" ? ICONS[message.agent] ?? "bot" : "user"} />
      </span>
      <div class="by">
        {message.kind === "task" ? "Task" : message.agent}
        <span class="faint" title={message.timestamp}>{clock(message.timestamp)}</span>
      </div>
      <div class="bd">
        {content.length > LONG
          ? (
            <details>
              <summary class="dense">
                {opening(message)} <span class="meta lnk">show all</span>
              </summary>
              {text}
            </details>
          )
          : <Prose text={content} />}
      </div>
    </article>
  );
}

function Stream(props: { stream: StreamView }) {
  const { agent, text } = props.stream;
  return (
    <article class="msg" aria-busy="true">
      <span class="ai">
        <Icon name={ICONS[agent] ?? "bot"} />
      </span>
      <div class="by">{agent}</div>
      <div class="bd">
        <p class="pre dense">{text}▍</p>
      </div>
    </article>
  );
}

function Ending(props: { run: RunView }) {
  const { run } = props;
  if (run.status === "failed" && run.error !== null) {
    return (
      <div class="end-x" role="status">
        <h3 class="bad-text row">
          <Icon name="circle-x" />Failed <span class="meta mono">{run.error.type}</span>
        </h3>
        <p class="pre dense">{run.error.message}</p>
        {run.error.traceback !== null && (
          <details>
            <summary class="meta">Traceback</summary>
            <pre class="err-box">{run.error.traceback}</pre>
          </details>
        )}
        <p class="meta">Finished steps and files are kept.</p>
      </div>
    );
  }
  if (run.status !== "completed") return null;
  const summary = summaryOf(run);
  return (
    <div class="end-x" role="status">
      <h3 class="row" style="color:var(--color-success)">
        <Icon name="circle-check" />Done
      </h3>
      {summary !== null && <p class="pre dense">{summary}</p>}
    </div>
  );
}

function summaryOf(run: RunView): string | null {
  const { result } = run;
  if (typeof result === "string") return result;
  if (
    result !== null && typeof result === "object" && !Array.isArray(result) && typeof result["summary"] === "string"
  ) {
    return result["summary"];
  }
  return null;
}
