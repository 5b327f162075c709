// What a page may do in the browser: its own scripts by nonce, nothing from elsewhere, no frames around it.
//
// Fresh boots islands from one inline script and gives it a nonce, but sends no policy: it is read from the page.

const policy = (nonce: string | null) =>
  [
    "default-src 'self'",
    `script-src 'self'${nonce === null ? "" : ` 'nonce-${nonce}'`}`,
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join("; ");

/** Gives a page its policy; answers that bring their own (files, docs) and all that is no page are left as they are. */
export async function withPolicy(response: Response): Promise<Response> {
  const html = (response.headers.get("content-type") ?? "").startsWith("text/html");
  if (!html || response.headers.has("content-security-policy")) return response;
  const headers = new Headers(response.headers);
  const text = await response.text();
  headers.set("content-security-policy", policy(nonceIn(text)));
  headers.set("referrer-policy", "same-origin");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return new Response(text, { status: response.status, headers });
}

/** The nonce of the script that boots the islands: the last one, because nothing that a person wrote stands behind it. */
function nonceIn(html: string): string | null {
  const scripts = [...html.matchAll(/<script\b[^>]*\bnonce="([A-Za-z0-9+/=_-]+)"/g)];
  return scripts.at(-1)?.[1] ?? null;
}
