// Starts the browser that the browser tests drive.
//
// Chromium comes from the system: CHROMIUM_PATH, or where Debian puts it. The caller closes it, best
// with `await using`.

import type { Browser } from "playwright-core";

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
  // When it is loaded, the package looks for Windows below /proc/sys, which Deno gives to none but a
  // program with all permissions. With this set it looks only when it is asked to.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  const executablePath = Deno.env.get("CHROMIUM_PATH") ?? "/usr/bin/chromium";
  return await chromium.launch({ executablePath, args: FLAGS });
}
