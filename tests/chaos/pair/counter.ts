// The counter outside: where blocks leave their marks when their folders lie on several disks.
//
//   CO1. A mark counts when it is answered; it stands in the order in which it came, whichever server carried it.
import type { Mark } from "../marks.ts";

/** A counter. */
export interface Counter extends AsyncDisposable {
  readonly url: string;
  /** As a grant names it. */
  readonly host: string;
  /** The marks of a book, in their order. */
  marksOf(key: string): readonly Mark[];
}

const NAME = "localhost";

/** Starts a counter. */
export function openCounter(): Counter {
  const marks = new Map<string, Mark[]>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, ({ url }) => {
    const [, key = "", what = "", block = "", id = ""] = new URL(url).pathname.split("/");
    if (what !== "begin" && what !== "end") return new Response(null, { status: 400 });
    marks.set(key, [...marks.get(key) ?? [], { what, block, id }]);
    return new Response("counted");
  });
  const host = `${NAME}:${server.addr.port}`;
  return {
    url: `http://${host}`,
    host,
    marksOf: (key) => marks.get(key) ?? [],
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
