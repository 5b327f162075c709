// Whether what is shown is live: icon and word, never colour alone.
import { Icon } from "./Icon.tsx";

/** The state of a line as it is shown. */
export interface ShownLine {
  state: "connecting" | "live" | "offline" | "refused";
}

/** The connection sign of the top bar. */
export function Connection(props: { state: ShownLine }) {
  switch (props.state.state) {
    case "live":
      return (
        <span class="conn conn-live" role="status">
          <Icon name="plug-zap" />
          <span>Live</span>
        </span>
      );
    case "connecting":
      return (
        <span class="conn conn-sync" role="status">
          <Icon name="refresh-cw" />
          <span>Connecting</span>
        </span>
      );
    case "offline":
      return (
        <span class="conn conn-off" role="status">
          <Icon name="unplug" />
          <span>Offline</span>
        </span>
      );
    case "refused":
      return (
        <span class="conn conn-off" role="status">
          <Icon name="lock" />
          <span>Logged out</span>
        </span>
      );
    default:
      return props.state.state satisfies never;
  }
}
