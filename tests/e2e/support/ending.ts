// The end of a server that a whole file shared: it must have lived until then, and must end well.
import { assertEquals } from "@std/assert";
import type { TestServer } from "../../support/server.ts";

/** Ends a server; fails with what it wrote when it was gone before, or does not end with 0. */
export async function endServer(server: TestServer): Promise<void> {
  const code = await server.close();
  assertEquals(code, 0, `the server ended with ${code}:\n${server.output().slice(-4000)}`);
}
