import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { openapi, operationsOf } from "@/lib/http/openapi.ts";
import { type Operations, ROUTES } from "@/lib/protocol/routes.ts";
import { openDoors } from "@/tests/support/door.ts";

/** Every object inside a value. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield Object.fromEntries(Object.entries(value));
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

Deno.test("[HTTP40] the OpenAPI document has every operation of the table, ids of their own and no dangling reference", () => {
  const document = openapi({ version: "1", url: "http://x" });
  const paths = Object.entries(Object(document.paths));
  assertEquals(paths.map(([path]) => path), Object.keys(ROUTES));
  const all = Object.entries(ROUTES).flatMap(([, of]: [string, Operations]) => operationsOf(of));
  const ids = [...objectsIn(document)].map((one) => one.operationId).filter((id) => typeof id === "string");
  assertEquals(ids.length, all.length);
  assertEquals(new Set(ids).size, ids.length);
  const references = new Set([...objectsIn(document)].map((one) => one.$ref).filter((one) => one !== undefined));
  assertEquals([...references], ["#/components/schemas/Problem"]);
  assert([...objectsIn(document)].every((one) => one.$defs === undefined && one.$schema === undefined));
});

Deno.test("[HTTP41] the document and its page are served to everyone; the page names every path and runs nothing", async () => {
  const doors = await openDoors();
  try {
    const document = await (await fetch(`${doors.url}/api/openapi.json`)).json();
    assertEquals(document.openapi, "3.1.0");
    assertEquals(document.servers, [{ url: doors.url }]);
    const page = await fetch(`${doors.url}/api/docs`);
    const html = await page.text();
    for (const path of Object.keys(ROUTES)) assertStringIncludes(html, path);
    assert(!html.includes("<script"));
    assertStringIncludes(page.headers.get("content-security-policy") ?? "", "default-src 'none'");
  } finally {
    await doors.close();
  }
});

Deno.test("[HTTP42] metrics are for administrators unless they are open", async () => {
  for (const metrics of ["admin", "open"] as const) {
    const doors = await openDoors({ metrics });
    try {
      const response = await fetch(`${doors.url}/metrics`);
      const text = await response.text();
      assertEquals(response.status, metrics === "open" ? 200 : 401);
      assertEquals(text.includes("holdfast_live_connections 0"), metrics === "open");
      const post = await fetch(`${doors.url}/metrics`, { method: "POST" });
      await post.body?.cancel();
      assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
    } finally {
      await doors.close();
    }
  }
});
