// The console with its own state: search, follow, and earlier lines that are fetched when asked for.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { createApi } from "../lib/client/api.ts";
import { EMPTY_VIEW, fold, type SessionView } from "../lib/engine/view.ts";
import type { LineView } from "../lib/engine/view/types.ts";
import { Console } from "../lib/ui/session/Console.tsx";

/** The console of a view; `step` shows one step's lines only. */
export default function ConsoleView(
  props: { session_id: string; view: SessionView; step: string | null; onAll: () => void },
) {
  const { view } = props;
  const search = useSignal("");
  const follow = useSignal(true);
  const earlier = useSignal<LineView[]>([]);
  const element = useRef<HTMLElement | null>(null);
  const first = earlier.value[0]?.seq ?? view.console[0]?.seq ?? 0;
  const known = earlier.value.length + view.console.length;
  useEffect(() => {
    if (follow.value) element.current?.scrollTo({ top: element.current.scrollHeight });
  }, [view.console_total, follow.value, props.step]);
  useEffect(() => followByScroll(element.current, follow), []);
  const load = async () => {
    const page = await createApi({ base: location.origin }).events(props.session_id, {
      before: first,
      limit: 1000,
      types: "output",
    });
    earlier.value = [...fold(EMPTY_VIEW, page.events).console, ...earlier.value];
  };
  return (
    <>
      {props.step !== null && (
        <p class="banner">
          <span>One step only.</span>
          <button type="button" class="btn btn-xs btn-line sp" onClick={props.onAll}>Show all</button>
        </p>
      )}
      <Console
        view={view}
        earlier={earlier.value}
        step={props.step}
        search={search.value}
        follow={follow.value}
        onSearch={(text) => search.value = text}
        onFollow={(on) => follow.value = on}
        onEarlier={known < view.console_total && first > 1 ? load : null}
        attach={(one) => element.current = one}
      />
    </>
  );
}

/** Follow stops when a person scrolls up, and goes on at the end. */
function followByScroll(element: HTMLElement | null, follow: { value: boolean }): () => void {
  const look = () => {
    if (element !== null) follow.value = element.scrollHeight - element.scrollTop - element.clientHeight < 40;
  };
  element?.addEventListener("wheel", look, { passive: true });
  element?.addEventListener("touchmove", look, { passive: true });
  element?.addEventListener("keyup", look);
  return () => {
    element?.removeEventListener("wheel", look);
    element?.removeEventListener("touchmove", look);
    element?.removeEventListener("keyup", look);
  };
}
