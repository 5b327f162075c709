// The console with its own state: search, follow, and earlier lines that are fetched when asked for.
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { ClientError, createApi } from "../lib/client/api.ts";
import { followAnew, keepAtEnd, watchScrolling } from "../lib/client/follow_end.ts";
import { refusalText } from "../lib/client/refusal.ts";
import { EMPTY_VIEW, fold, type SessionView } from "../lib/engine/view.ts";
import type { LineView } from "../lib/engine/view/types.ts";
import { Console } from "../lib/ui/session/Console.tsx";
import { Notice } from "../lib/ui/session/Notice.tsx";

/** The console of a view; `step` shows one step's lines only. */
export default function ConsoleView(
  props: { session_id: string; view: SessionView; step: string | null; onAll: () => void },
) {
  const { view } = props;
  const search = useSignal("");
  const follow = useSignal(true);
  /** How many lines there were when following stopped. */
  const left = useSignal(0);
  const earlier = useEarlier(props.session_id, view);
  const element = useRef<HTMLElement | null>(null);
  useLayoutEffect(
    () => follow.value && element.current !== null ? keepAtEnd(element.current) : undefined,
    [view.console_total, follow.value, props.step, search.value],
  );
  const set = (on: boolean) => {
    if (follow.peek() && !on) left.value = view.console_total;
    if (on && element.current !== null) followAnew(element.current);
    follow.value = on;
  };
  const turn = useRef(set);
  turn.current = set;
  useEffect(() => element.current === null ? undefined : watchScrolling(element.current, (on) => turn.current(on)), []);
  return (
    <>
      {props.step !== null && (
        <p class="banner">
          <span>One step only.</span>
          <button type="button" class="btn btn-xs btn-line sp" onClick={props.onAll}>Show all</button>
        </p>
      )}
      {earlier.problem.value !== null && (
        <Notice
          bad
          text={earlier.problem.value}
          onClose={() => earlier.problem.value = null}
        />
      )}
      <Console
        view={view}
        earlier={earlier.lines.value}
        step={props.step}
        search={search.value}
        follow={follow.value}
        fresh={follow.value ? 0 : view.console_total - left.value}
        onSearch={(text) => search.value = text}
        onFollow={set}
        loading={earlier.loading.value}
        onEarlier={earlier.more ? () => void earlier.load(element.current) : null}
        attach={(one) => element.current = one}
      />
    </>
  );
}

/** Lines before those of the view, fetched a page at a time; what is read stays where it is on the screen. */
function useEarlier(session_id: string, view: SessionView) {
  const lines = useSignal<LineView[]>([]);
  const loading = useSignal(false);
  const problem = useSignal<string | null>(null);
  const first = lines.value[0]?.seq ?? view.console[0]?.seq ?? 0;
  const load = async (element: HTMLElement | null) => {
    if (loading.peek()) return;
    loading.value = true;
    problem.value = null;
    try {
      const api = createApi({ base: location.origin });
      const page = await api.events(session_id, { before: first, limit: 1000, types: "output" });
      const fromEnd = element === null ? 0 : element.scrollHeight - element.scrollTop;
      lines.value = [...fold(EMPTY_VIEW, page.events).console, ...lines.peek()];
      requestAnimationFrame(() => element?.scrollTo({ top: element.scrollHeight - fromEnd }));
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      problem.value = refusalText(error);
    } finally {
      loading.value = false;
    }
  };
  return { lines, loading, problem, load, more: lines.value.length + view.console.length < view.console_total };
}
