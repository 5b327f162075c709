// Marks links to where the reader is: to the page itself, and to what lies above it.

/** Gives the attributes of a link for the current URL; an `aria-current` of the app's own is kept. */
export function linkState(props: Record<string, unknown>, current: URL): Record<string, unknown> {
  const { href } = props;
  if (typeof href !== "string" || !href.startsWith("/")) return {};
  const target = URL.parse(href, current);
  if (!target) return {};
  const path = trim(target.pathname);
  const here = trim(current.pathname);
  if (path === here && (target.search === "" || target.search === current.search)) {
    return { "data-current": "true", "aria-current": props["aria-current"] ?? "page" };
  }
  if (path !== here && here.startsWith(path === "/" ? "/" : `${path}/`)) {
    return { "data-ancestor": "true", "aria-current": props["aria-current"] ?? "true" };
  }
  return {};
}

function trim(pathname: string): string {
  return pathname.length > 1 && pathname.endsWith("/") ? pathname.slice(0, -1) : pathname;
}
