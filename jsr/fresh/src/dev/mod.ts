// `fresh/dev`: what the build script imports.

export { Builder, type BuildOptions, type ResolvedBuildConfig } from "./builder.ts";
export type { OnTransformArgs, OnTransformOptions, TransformFn } from "./static_assets.ts";
