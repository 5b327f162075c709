// Sets a Content-Security-Policy that fits pages made here, with the app's own directives over it.

import { nonceOf } from "../context.ts";
import type { Middleware } from "../middleware.ts";

/** Options of {@linkcode csp}. */
export interface CSPOptions {
  /** Only has the browser report what it would refuse. */
  reportOnly?: boolean;
  /** Directives that are added, or that replace those of the same name. */
  csp?: string[];
  /** Allows inline scripts and styles by the page's nonce only. */
  useNonce?: boolean;
}

const DEFAULTS = [
  "default-src 'self'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "font-src 'self'",
  "img-src 'self' data:",
  "media-src 'self' data: blob:",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "object-src 'none'",
  "base-uri 'self'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "upgrade-insecure-requests",
];

/** Adds the policy to every answer. */
export function csp<State>(options: CSPOptions = {}): Middleware<State> {
  const { reportOnly = false, csp: own = [], useNonce = false } = options;
  const byName = new Map(
    [...DEFAULTS, ...own].map((directive) => [directive.trim().split(/\s+/)[0], directive.trim()]),
  );
  const policy = [...byName.values()].join("; ");
  const header = reportOnly ? "content-security-policy-report-only" : "content-security-policy";
  return async function setPolicy(ctx) {
    const response = await ctx.next();
    const nonce = `'nonce-${nonceOf(ctx)}'`;
    response.headers.set(header, useNonce ? policy.replaceAll("'unsafe-inline'", nonce) : policy);
    return response;
  };
}
