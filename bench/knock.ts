// A client that asks again until the server is there.
import type { TestServer } from "../tests/support/server.ts";

/** Asks until it is answered with success; gives the moment of the answer. Throws after 60 s. */
export async function knock(
  server: Pick<TestServer, "url" | "token">,
  { method, path, body }: { method: string; path: string; body?: unknown },
): Promise<number> {
  const deadline = performance.now() + 60_000;
  while (performance.now() < deadline) {
    try {
      const response = await fetch(new URL(path, server.url), {
        method,
        headers: { authorization: `Bearer ${server.token}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      await response.body?.cancel();
      if (response.ok) return performance.now();
    } catch {
      // Nobody listens there yet.
    }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`${method} ${path}: not answered within 60 s`);
}
