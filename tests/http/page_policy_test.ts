import { assertEquals, assertStringIncludes } from "@std/assert";
import { withPolicy } from "@/lib/http/page_policy.ts";

const page = (html: string, headers: Record<string, string> = {}) =>
  new Response(html, { status: 418, headers: { "content-type": "text/html; charset=utf-8", ...headers } });
const policyOf = (response: Response) => response.headers.get("content-security-policy") ?? "";

Deno.test("[HTTP50] a page's scripts run by the nonce of its last script only; a page without scripts runs none", async () => {
  const html = '<p><script nonce="evil">1</script></p><script type="module" nonce="abc-1">boot()</script></body>';
  const response = await withPolicy(page(html));
  assertStringIncludes(policyOf(response), "script-src 'self' 'nonce-abc-1';");
  assertEquals([response.status, await response.text()], [418, html]);
  assertStringIncludes(policyOf(await withPolicy(page('<p>nonce="x"</p>'))), "script-src 'self';");
});

Deno.test("[HTTP55] a page loads nothing from elsewhere, stands in no frame, and has no base, plugin or form to elsewhere", async () => {
  const policy = policyOf(await withPolicy(page("<p>")));
  assertEquals(policy.split("; "), [
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ]);
});

Deno.test("[HTTP51] answers that bring a policy of their own and what is no page are left as they are", async () => {
  const own = page("<p>", { "content-security-policy": "sandbox" });
  assertEquals(policyOf(await withPolicy(own)), "sandbox");
  const json = Response.json({});
  assertEquals(await withPolicy(json), json);
});
