// `fresh/runtime`: what pages and islands may import, on the server and in the browser.

export { IS_BROWSER } from "./environment.ts";
export { asset, assetSrcSet } from "./asset.ts";
export { Head, type HeadProps } from "./head.ts";
export { HttpError } from "./error.ts";
