// Writes a build to its folder: `server.js`, `snapshot.js` and the static files that were made.
//
// Nothing in the folder names the folder itself: all paths are relative, so it may be renamed as long
// as it keeps its parent.

import type { Asset } from "./static_assets.ts";
import type { FoundRoute } from "./crawl.ts";
import { relativePath, relativeSpecifier } from "../paths.ts";

/** What is written. */
export interface Output {
  root: string;
  outDir: string;
  serverEntry: string;
  buildId: string;
  clientEntry: string;
  islands: { source: string; name: string; file: string }[];
  routes: FoundRoute[];
  assets: Asset[];
}

/** Writes the build; what an earlier one left in the folder's `static` goes first. */
export async function writeOutput(output: Output): Promise<void> {
  const { outDir, assets } = output;
  await Deno.remove(`${outDir}/static`, { recursive: true }).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.mkdir(outDir, { recursive: true });
  for (const { pathname, origin } of assets) {
    if (!("bytes" in origin)) continue;
    const path = `${outDir}/static${pathname}`;
    await Deno.mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
    await Deno.writeFile(path, origin.bytes);
  }
  await Deno.writeTextFile(`${outDir}/snapshot.js`, snapshotCode(output));
  await Deno.writeTextFile(`${outDir}/server.js`, serverCode(output));
}

const quoted = JSON.stringify;
const MADE = "// Made by the build. Do not edit.\n";

function serverCode({ outDir, serverEntry }: Output): string {
  return `${MADE}import { attachBuild } from "fresh/internal";
import { app } from ${quoted(relativeSpecifier(outDir, serverEntry))};
import build from "./snapshot.js";

attachBuild(app, build, import.meta.dirname);

export default { fetch: app.handler() };
`;
}

function snapshotCode({ root, outDir, buildId, clientEntry, islands, routes, assets }: Output): string {
  const imports: string[] = [];
  const load = (source: string): string => {
    const name = `m${imports.length}`;
    imports.push(`import * as ${name} from ${quoted(relativeSpecifier(outDir, source))};`);
    return name;
  };
  const islandLines = islands.map(({ source, name, file }) =>
    `{ module: ${load(source)}, name: ${quoted(name)}, file: ${quoted(file)} }`
  );
  const routeLines = routes.map(({ file, path, isEager }) => {
    const how = isEager ? `module: ${load(file)}` : `load: () => import(${quoted(relativeSpecifier(outDir, file))})`;
    return `{ path: ${quoted(path)}, ${how} }`;
  });
  const fileLines = assets.map(({ pathname, origin, file: { contentType, size, hash } }) => {
    const path = "path" in origin ? relativePath(outDir, origin.path) : `static${pathname}`;
    return `${quoted(pathname)}: ${quoted({ path, contentType, size, hash })}`;
  });
  return `${MADE}${imports.join("\n")}

export default {
  buildId: ${quoted(buildId)},
  clientEntry: ${quoted(clientEntry)},
  root: ${quoted(relativePath(outDir, root))},
  islands: [${block(islandLines)}],
  routes: [${block(routeLines)}],
  files: {${block(fileLines)}},
};
`;
}

function block(lines: string[]): string {
  return lines.length === 0 ? "" : `\n${lines.map((line) => `    ${line},\n`).join("")}  `;
}
