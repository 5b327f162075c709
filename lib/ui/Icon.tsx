// An icon: decoration beside a word, or with a label of its own where it stands alone.
import { ICON_PATHS, type IconName } from "./icon_paths.ts";

/** Draws an icon at 16 px; `size` 12, 14, 20 or 28 picks another. With `label` it is an image with that name. */
export function Icon(props: { name: IconName; size?: 12 | 14 | 20 | 28; spin?: boolean; label?: string }) {
  const size = props.size === undefined ? "" : ` i${props.size}`;
  return (
    <svg
      class={`i${size}${props.spin ? " spin" : ""}`}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      stroke-linecap="round"
      stroke-linejoin="round"
      {...(props.label === undefined ? { "aria-hidden": "true" } : { role: "img", "aria-label": props.label })}
      // The drawings are constants of this project, never text from outside.
      // deno-lint-ignore react-no-danger
      dangerouslySetInnerHTML={{ __html: ICON_PATHS[props.name] }}
    />
  );
}
