// The network between viewers and the server: it can be cut, and it outlives the server.
//
// Viewers connect each to an address of their own for a whole episode; each connection is carried to a server that lives
// then, to several in turn. Cut, both ends see a connection that broke, without a word of goodbye.
//   N1. A line says itself when a connection of it broke: some breaks are never told to a program by its runtime. One that
//       stands and is silent is the server's affair.

/** A network that can be cut. */
export interface Wire {
  /** The address by which the server is known. */
  readonly url: string;
  /** Ports of the servers that live now; none: nobody answers. */
  readonly targets: Set<number>;
  /** An address of one viewer. */
  line(): Line;
  /** Breaks every connection, or those to one port; the number of them. */
  cut(port?: number): number;
  close(): void;
}
/** The line of one viewer, which has one connection at a time. */
export interface Line {
  readonly url: string;
  /** Whether a connection to the server stands. */
  readonly stands: boolean;
  /** Settles a while after the next break. */
  broken(): Promise<void>;
}
/** A break that the runtime does tell is told in this time. */
const TOLD_MS = 1_000;

/** Both ends of each connection, with the port that it goes to; null: not carried yet. */
type Open = Map<Deno.TcpConn, number | null>;

/** Opens a network. */
export function openWire(): Wire {
  const listeners: Deno.TcpListener[] = [];
  const open: Open = new Map();
  const listen = (shut: () => void = () => {}) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    listeners.push(listener);
    const carried: Carried = { wire, open, stands: 0, shut };
    void accept(listener, carried);
    return { carried, url: `http://127.0.0.1:${listener.addr.port}` };
  };
  const wire: { -readonly [K in keyof Wire]: Wire[K] } = {
    url: "",
    targets: new Set(),
    line() {
      const waiting = new Set<() => void>();
      const { carried, url } = listen(() => {
        for (const tell of waiting) {
          setTimeout(() => {
            // The one that broke may have been the connection before.
            if (carried.stands === 0 && waiting.delete(tell)) tell();
          }, TOLD_MS);
        }
      });
      return {
        url,
        get stands() {
          return carried.stands > 0;
        },
        broken: () => new Promise<void>((resolve) => waiting.add(resolve)),
      };
    },
    cut(port) {
      const doomed = [...open].filter(([, to]) => port === undefined || to === port);
      for (const [conn] of doomed) shut(open, conn);
      return doomed.length / 2;
    },
    close() {
      for (const listener of listeners) listener.close();
      this.cut();
    },
  };
  wire.url = listen().url;
  return wire;
}

/** What the connections of one address share. */
interface Carried {
  readonly wire: Wire;
  readonly open: Open;
  /** Connections that stand. */
  stands: number;
  /** One of them broke. */
  shut(): void;
}

async function accept(listener: Deno.TcpListener, carried: Carried): Promise<void> {
  try {
    for await (const near of listener) void carry(near, carried);
  } catch (error) {
    // Closing the listener ends the waiting for the next connection so.
    if (!(error instanceof Deno.errors.BadResource) && !(error instanceof Deno.errors.Interrupted)) throw error;
  }
}

async function carry(near: Deno.TcpConn, carried: Carried): Promise<void> {
  const { wire, open } = carried;
  open.set(near, null);
  const port = nextOf(wire.targets);
  const far = port === null ? null : await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
  if (far !== null) {
    open.set(far, port);
    if (open.has(near)) open.set(near, port);
    carried.stands++;
    if (open.has(near)) await Promise.race([pump(near, far, asKnown(new URL(wire.url).host)), pump(far, near)]);
    carried.stands--;
    shut(open, far);
  }
  shut(open, near);
  carried.shut();
}

/** Those who live are chosen in turn. */
function nextOf(targets: Set<number>): number | null {
  const [first] = targets;
  if (first === undefined) return null;
  targets.delete(first);
  targets.add(first);
  return first;
}

/** A request of a viewer names its line; the server is known by the one address of the network. */
function asKnown(host: string): (bytes: Uint8Array) => Uint8Array {
  return (bytes) => {
    if (!GET.every((byte, at) => bytes[at] === byte)) return bytes;
    const text = new TextDecoder("latin1").decode(bytes);
    return new TextEncoder().encode(text.replace(/^host: .*$/im, `host: ${host}`));
  };
}
const GET = new TextEncoder().encode("GET ");

async function pump(
  from: Deno.TcpConn,
  to: Deno.TcpConn,
  change: (bytes: Uint8Array) => Uint8Array = (bytes) => bytes,
): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
      const bytes = change(buffer.subarray(0, n));
      for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
    }
  } catch {
    // Either end broke: that is what this network is for.
  }
}

function shut(open: Open, conn: Deno.TcpConn): void {
  if (!open.delete(conn)) return;
  try {
    conn.close();
  } catch {
    // Closed by the other end.
  }
}
