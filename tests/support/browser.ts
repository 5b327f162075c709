// Starts the browser that the browser tests drive.
//
// Chromium comes from the system: CHROMIUM_PATH, or where Debian puts it. It is spoken to over a WebSocket on loopback:
// over the pipes that the driver would take by itself, an answer now and then stays unread until the next one comes.
//   BR1. Closing the browser, best with `await using`, ends its process and removes its profile.
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
  "--disable-back-forward-cache",
  "--disable-background-timer-throttling",
  "--disable-backgrounding-occluded-windows",
  "--disable-renderer-backgrounding",
  "--force-color-profile=srgb",
  "--hide-scrollbars",
  "--remote-debugging-port=0",
];
const READY_MS = 30_000;

/** Starts Chromium without a window. */
export async function launchBrowser(): Promise<Browser> {
  // When it is loaded, the package looks for Windows below /proc/sys, which Deno gives to none but a
  // program with all permissions. With this set it looks only when it is asked to.
  Deno.env.set("__IS_WSL_TEST__", "1");
  const { chromium } = await import("playwright-core");
  const profile = await Deno.makeTempDir({ prefix: "holdfast-chromium-" });
  const child = new Deno.Command(Deno.env.get("CHROMIUM_PATH") ?? "/usr/bin/chromium", {
    args: [...FLAGS, `--user-data-dir=${profile}`, "about:blank"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const end = async () => {
    kill(child);
    await child.status;
    await Deno.remove(profile, { recursive: true }).catch(() => undefined);
  };
  try {
    const browser = await chromium.connectOverCDP(await addressOf(child));
    const disconnect = browser.close.bind(browser);
    browser.close = async (options) => {
      await disconnect(options);
      await end();
    };
    return browser;
  } catch (error) {
    await end();
    throw error;
  }
}

function kill(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

/** The address that Chromium prints when it is ready; what it says besides is read and left. */
async function addressOf(child: Deno.ChildProcess): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const timer = setTimeout(() => reject(new Error(`Chromium is not ready:\n${text}`)), READY_MS);
  let text = "";
  const read = async () => {
    for await (const more of child.stderr.pipeThrough(new TextDecoderStream())) {
      text = (text + more).slice(-10_000);
      const address = /DevTools listening on (ws:\S+)/.exec(text)?.[1];
      if (address !== undefined) resolve(address);
    }
    reject(new Error(`Chromium ended:\n${text}`));
  };
  read().catch(reject);
  return await promise.finally(() => clearTimeout(timer));
}
