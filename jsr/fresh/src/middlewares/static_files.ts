// Serves the files of `static/` and the browser's modules.
//
//   T1. `/` is never a file and a folder has no index.
//   T2. Only a URL that names the build may be kept for good; any other is asked for again.
//   T3. A URL that names another build is sent to the one without.

import { BUILD_KEY } from "../asset.ts";
import { snapshotOf } from "../context.ts";
import type { Middleware } from "../middleware.ts";
import type { StaticFile } from "../snapshot.ts";

/** Serves static files; belongs before all other middlewares. */
export function staticFiles<T>(): Middleware<T> {
  return async function serveStaticFile(ctx) {
    const { req, url, config } = ctx;
    const snapshot = snapshotOf(ctx);
    if (!snapshot) return await ctx.next();
    const pathname = decodeURIComponent(url.pathname.slice(config.basePath.length));
    const file = pathname === "/" || pathname === "" ? undefined : snapshot.file(pathname);
    if (!file) return pathname === "/favicon.ico" ? new Response(null, { status: 404 }) : await ctx.next();
    if (req.method !== "GET" && req.method !== "HEAD") return new Response("Method Not Allowed", { status: 405 });

    const key = url.searchParams.get(BUILD_KEY);
    if (key !== null && key !== snapshot.buildId) {
      const plain = new URL(url);
      plain.searchParams.delete(BUILD_KEY);
      return new Response(null, { status: 307, headers: { location: plain.pathname + plain.search } });
    }
    const headers = new Headers({ "content-type": file.contentType, vary: "If-None-Match" });
    if (isKnown(file, req)) return new Response(null, { status: 304, headers });
    if (file.hash !== null) headers.set("etag", `W/"${file.hash}"`);
    const ofBuild = key !== null || pathname.startsWith(`/_fresh/js/${snapshot.buildId}/`);
    const forGood = ofBuild && config.mode !== "development";
    const cached = forGood ? "public, max-age=31536000, immutable" : "no-cache, no-store, max-age=0, must-revalidate";
    headers.set("cache-control", cached);
    const { body, size } = req.method === "HEAD" ? { body: null, size: file.size } : await file.open();
    headers.set("content-length", String(size));
    return new Response(body, { headers });
  };
}

function isKnown(file: StaticFile, req: Request): boolean {
  const known = req.headers.get("if-none-match");
  return file.hash !== null && (known === file.hash || known === `W/"${file.hash}"`);
}
