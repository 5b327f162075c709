// The frame of every page: top bar, skip link, bottom bar on a phone. What lives in it comes as `children`.
import type { ComponentChildren } from "preact";
import { Icon } from "./Icon.tsx";
import { Avatar } from "./Status.tsx";

/** The mark of Holdfast. */
export function Mark() {
  return (
    <svg
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      stroke-width="1.9"
      stroke-linecap="round"
      aria-hidden="true"
    >
      <path d="M10 1.5v8M10 9.5v9M10 9.5c0 3.6-5.2 2.7-6.6 8M10 9.5c0 3.6 5.2 2.7 6.6 8" />
      <path d="M10 5.2c1.9 0 3.6-1 4-2.7M10 7c-1.9 0-3.6-1-4-2.7" />
    </svg>
  );
}

/** Where a page stands in the navigation. */
export type Place = "sessions" | "new" | "session" | "settings" | "none";

/** The top bar. `children` is the live part: pulse and connection. */
export function TopBar(props: { at: Place; user: string; children?: ComponentChildren }) {
  return (
    <header class="top">
      <a class="skip" href="#main">Skip to the content</a>
      <a class="brand" href="/" aria-label="Holdfast, home">
        <Mark />
        <span>Holdfast</span>
      </a>
      <nav aria-label="Main">
        <a href="/" {...(props.at === "sessions" ? { "aria-current": "page" as const } : {})}>Sessions</a>
      </nav>
      <span class="sp" />
      {props.children}
      <a class="btn btn-sm btn-primary new only-l" href="/new" title="New task (t)">
        <Icon name="plus" size={14} />New task <kbd class="k">t</kbd>
      </a>
      <Account user={props.user} />
    </header>
  );
}

/** Who is logged in, and the way out. Works without JavaScript. */
function Account(props: { user: string }) {
  return (
    <details class="account">
      <summary title="Account">
        <Avatar name={props.user} />
        <span class="sr-only">, account</span>
      </summary>
      <div class="menu-x">
        <p class="meta">{props.user}</p>
        <a class="row" href="/settings">
          <Icon name="settings" size={14} />Settings
        </a>
        <a class="row" href="/api/docs">
          <Icon name="braces" size={14} />API
        </a>
        <form method="post" action="/logout">
          <button type="submit" class="row">
            <Icon name="log-out" size={14} />Log out
          </button>
        </form>
      </div>
    </details>
  );
}

/** The bottom bar of a phone. */
export function TabBar(props: { at: Place }) {
  const here = (place: Place) => props.at === place ? { "aria-current": "page" as const } : {};
  return (
    <nav class="tabbar two" aria-label="Main, bottom">
      <a href="/" {...here("sessions")}>
        <Icon name="list-tree" />Sessions
      </a>
      <a href="/new" {...here("new")}>
        <Icon name="plus" />New task
      </a>
    </nav>
  );
}
