// The frame of the pages that are seen before logging in.
import type { ComponentChildren } from "preact";
import { Icon } from "./Icon.tsx";
import { Mark } from "./Shell.tsx";

/** Mark, title, what the page asks, and the server's version below. */
export function LoginFrame(props: { title: string; text: string; version: string; children: ComponentChildren }) {
  return (
    <main class="login-x" id="main">
      <div style="width:380px;max-width:100%">
        <span class="brand" style="margin:0 0 28px;font-size:1.125rem">
          <Mark />
          <span class="keep">Holdfast</span>
        </span>
        <h1 style="font-size:1.75rem;letter-spacing:-.022em;margin-bottom:8px">{props.title}</h1>
        <p class="muted" style="margin-bottom:22px">{props.text}</p>
        {props.children}
      </div>
      <p class="meta row" style="gap:14px;padding-top:32px">
        <span class="conn conn-live">
          <Icon name="plug-zap" />
          <span class="keep">Server is up</span>
        </span>
        <span>version {props.version}</span>
      </p>
    </main>
  );
}
