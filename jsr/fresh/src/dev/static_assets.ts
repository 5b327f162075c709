// Prepares static files: runs the transforms of the build over them and takes their hashes.

import { mediaType } from "../media_type.ts";
import { diskFile, type StaticFile } from "../snapshot.ts";
import { findStatic } from "./crawl.ts";

/** Which files a transform is for. */
export interface OnTransformOptions {
  pluginName: string;
  filter: RegExp;
  exclude?: RegExp[];
}

/** The file that a transform is given. */
export interface OnTransformArgs {
  path: string;
  target: string | string[];
  text: string;
  content: Uint8Array;
  mode: "development" | "production";
  root: string;
}

/** A file that a transform makes; without a path it takes the place of the one given. */
export interface OnTransformResult {
  content: string | Uint8Array;
  path?: string;
  map?: string | Uint8Array;
}

/** Makes other content for a file; leaves it alone by returning nothing. */
export type TransformFn = (
  args: OnTransformArgs,
) => void | OnTransformResult | OnTransformResult[] | Promise<void | OnTransformResult | OnTransformResult[]>;

/** A transform with the files that it is for. */
export interface Transform {
  options: OnTransformOptions;
  run: TransformFn;
}

/** A file under its URL path: as it lies in `static/`, or made by the build. */
export interface Asset {
  pathname: string;
  origin: { path: string } | { bytes: Uint8Array<ArrayBuffer> };
  file: StaticFile;
}

/** What static files are prepared with. */
export interface AssetOptions {
  root: string;
  staticDir: string;
  target: string | string[];
  mode: "development" | "production";
  transforms: Transform[];
}

/** Prepares all files of the folder. */
export async function prepareStatic(options: AssetOptions): Promise<Asset[]> {
  const { staticDir, mode } = options;
  const assets: Asset[] = [];
  for (const path of await findStatic(staticDir)) {
    const given: Content = { path, bytes: await Deno.readFile(path) };
    for (const made of await transform(given, options)) {
      const asset = await madeAsset(made.path.slice(staticDir.length), made.bytes, mode);
      assets.push(made === given ? { ...asset, origin: { path }, file: diskFile(path, asset.file) } : asset);
    }
  }
  return assets;
}

type Content = { path: string; bytes: Uint8Array<ArrayBuffer> };

// Each transform gets what the ones before it have made.
async function transform(given: Content, options: AssetOptions): Promise<Content[]> {
  const { target, mode, root } = options;
  let contents = [given];
  for (const { options: { filter, exclude = [] }, run } of options.transforms) {
    const next = contents.map(async (content) => {
      const { path, bytes } = content;
      if (!filter.test(path) || exclude.some((pattern) => pattern.test(path))) return [content];
      const text = new TextDecoder().decode(bytes);
      const made = await run({ path, target, text, content: bytes, mode, root });
      if (!made) return [content];
      return [made].flat().map((result) => ({ path: result.path ?? path, bytes: asBytes(result.content) }));
    });
    contents = (await Promise.all(next)).flat();
  }
  return contents;
}

function asBytes(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : Uint8Array.from(content);
}

/** Makes an asset of content that the build has made; in development it has no hash. */
export async function madeAsset(
  pathname: string,
  bytes: Uint8Array<ArrayBuffer>,
  mode: "development" | "production",
): Promise<Asset> {
  const hash = mode === "development" ? null : await sha256(bytes);
  const size = bytes.byteLength;
  const open = () => Promise.resolve({ body: bytes, size });
  return { pathname, origin: { bytes }, file: { contentType: mediaType(pathname), size, hash, open } };
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}
