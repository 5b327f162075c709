// Tries at the server that runs the block: its data folder, its store, its token, its process, its cache. There is one
// only in the tests that start a whole server.
import { type Attempt, type Group, refused, refusedByNode } from "./attempt.ts";

/** What of the server lies around, as `A` holds it beside the rest. */
export interface ServerAround {
  readonly data: string;
  /** Its cache of compiled code, and a file in it. */
  readonly deno_dir: string;
  readonly cached: string;
  readonly pid: number;
  readonly server_port: number;
}

const server: Attempt[] = [
  refused("store", `return Deno.readTextFileSync(A.data + "/holdfast.kv")`),
  refused("store_log", `return Deno.readTextFileSync(A.data + "/holdfast.kv-wal")`),
  refusedByNode(
    "store_as_database",
    `const { DatabaseSync } = await import("node:sqlite"); return new DatabaseSync(A.data + "/holdfast.kv", { readOnly: true }).location()`,
  ),
  {
    name: "store_as_text",
    code: `return (await import(A.data + "/holdfast.kv", { with: { type: "text" } })).default`,
    expect: /^(NotCapable|TypeError): .*Requires read access/s,
  },
  refused("token", `return Deno.readTextFileSync(A.data + "/cli-token")`),
  refused("data_folder", `return [...Deno.readDirSync(A.data)].length`),
  refused("other_children", `return [...Deno.readDirSync(A.data + "/cache/children")].length`),
  refused("uploads", `return [...Deno.readDirSync(A.data + "/cache/uploads")].length`),
  refused("lock", `Deno.writeTextFileSync(A.data + "/lock", "x")`),
  refused("plant", `Deno.writeTextFileSync(A.data + "/planted", "x")`),
  refused("plant_session", `Deno.mkdirSync(A.data + "/sessions/planted")`),
  refused("cache", `return Deno.readTextFileSync(A.cached)`),
  refused("plant_in_cache", `Deno.writeTextFileSync(A.deno_dir + "/planted", "x")`),
  refused("environment", `return Deno.readTextFileSync("/proc/" + A.pid + "/environ")`),
  refused("memory", `return Deno.openSync("/proc/" + A.pid + "/mem").readSync(new Uint8Array(9))`),
  refused("descriptors", `return [...Deno.readDirSync("/proc/" + A.pid + "/fd")].length`),
  refused("kill", `Deno.kill(A.pid, "SIGKILL")`),
  refused("stop", `Deno.kill(A.pid, "SIGSTOP")`),
  refused("api", `return await (await fetch("http://127.0.0.1:" + A.server_port + "/api/sessions")).text()`),
  refused("socket", `return new WebSocket("ws://127.0.0.1:" + A.server_port + "/ws").url`),
];

/** The server itself. */
export const SERVER_GROUPS: readonly Group[] = [
  { id: "ATT-SRV", rule: "nothing of the server is reached: store, token, process, cache, doors", attempts: server },
];
