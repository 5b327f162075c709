// URLs of static files with the build's id, so that a browser may keep them for good.

import { buildId } from "./environment.ts";

/** The query parameter that carries the build's id. */
export const BUILD_KEY = "__frsh_c";

/** Adds the build's id to a path that begins with exactly one slash; leaves all else as it is. */
export function asset(path: string): string {
  if (!/^\/(?!\/)/.test(path) || buildId() === "") return path;
  const url = new URL(path, "http://localhost");
  if (url.searchParams.has(BUILD_KEY)) return path;
  url.searchParams.set(BUILD_KEY, buildId());
  return url.pathname + url.search + url.hash;
}

/** Does the same for each URL of a `srcset`. */
export function assetSrcSet(srcset: string): string {
  if (srcset.includes("(")) return srcset;
  return srcset.split(",").map((part) => part.replace(/\S+/, (url) => asset(url))).join(",");
}

/** Gives the props of an image with the build's id in its URLs, unless it asks to be left alone. */
export function lockAssets<P extends Record<string, unknown>>(props: P): P {
  if (props["data-fresh-disable-lock"]) return props;
  return {
    ...props,
    ...(typeof props.src === "string" && { src: asset(props.src) }),
    ...(typeof props.srcset === "string" && { srcset: assetSrcSet(props.srcset) }),
    ...(typeof props.srcSet === "string" && { srcSet: assetSrcSet(props.srcSet) }),
  };
}
