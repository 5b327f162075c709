import { assertEquals, assertRejects } from "@std/assert";
import { HttpError } from "fresh";
import { guard, type GuardContext } from "@/lib/http/guard.ts";
import { AppError } from "@/lib/model/error.ts";

/** A page that fails, and what was logged of it. */
function failing(error: unknown): { ctx: GuardContext; logged: unknown[][] } {
  const logged: unknown[][] = [];
  const url = new URL("http://own.test/sessions/x");
  const state = {
    config: { auth: "off" },
    holdfast: { accounts: {} },
    principal: null,
    rate: { take() {} },
    request_id: "req-1",
    log: { error: (...said: unknown[]) => void logged.push(said) },
  } as unknown as GuardContext["state"];
  return { ctx: { url, req: new Request(url), state, next: () => Promise.reject(error) }, logged };
}

Deno.test("[HTTP52] a page that fails for no known reason is logged with its error; a refusal is not", async () => {
  const broken = new ReferenceError("location is not defined");
  const page = failing(broken);
  await assertRejects(() => guard(page.ctx), ReferenceError);
  assertEquals(page.logged.map(([name]) => name), ["http.failed"]);
  assertEquals((page.logged[0]?.[1] as { error: unknown }).error, broken);
  for (const known of [new AppError("not_found", "Cannot find it"), new HttpError(404)]) {
    const refused = failing(known);
    await assertRejects(() => guard(refused.ctx), HttpError);
    assertEquals(refused.logged, []);
  }
  const internal = failing(new AppError("internal", "It broke"));
  await assertRejects(() => guard(internal.ctx), HttpError);
  assertEquals(internal.logged.length, 1);
});
