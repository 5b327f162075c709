// Starts the browser that the browser tests drive.
//
// Chromium comes from the system: CHROMIUM_PATH, or where Debian puts it. The caller closes it, best
// with `await using`.

import { type Browser, chromium } from "playwright-core";

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium without a window. */
export async function launchBrowser(): Promise<Browser> {
  const executablePath = Deno.env.get("CHROMIUM_PATH") ?? "/usr/bin/chromium";
  return await chromium.launch({ executablePath, args: FLAGS });
}
