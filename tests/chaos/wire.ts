// The network between viewers and the server: it can be cut, and it outlives the server.
//
// Viewers connect to one address for a whole episode; each connection is carried to the server that lives then. Cut, both
// ends see a connection that broke, without a word of goodbye.

/** A network that can be cut. */
export interface Wire {
  /** The address that viewers use. */
  readonly url: string;
  /** Port of the server that lives now; null: nobody answers. */
  target: number | null;
  /** Breaks every connection; the number of them. */
  cut(): number;
  close(): void;
}

/** Opens a network. */
export function openWire(): Wire {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.TcpConn>();
  const wire: Wire = {
    url: `http://127.0.0.1:${listener.addr.port}`,
    target: null,
    cut() {
      const cut = open.size / 2;
      for (const conn of open) shut(open, conn);
      return cut;
    },
    close() {
      listener.close();
      this.cut();
    },
  };
  void accept(listener, wire, open);
  return wire;
}

async function accept(listener: Deno.TcpListener, wire: Wire, open: Set<Deno.TcpConn>): Promise<void> {
  try {
    for await (const near of listener) void carry(near, wire, open);
  } catch (error) {
    // Closing the listener ends the waiting for the next connection so.
    if (!(error instanceof Deno.errors.BadResource) && !(error instanceof Deno.errors.Interrupted)) throw error;
  }
}

async function carry(near: Deno.TcpConn, wire: Wire, open: Set<Deno.TcpConn>): Promise<void> {
  open.add(near);
  const port = wire.target;
  const far = port === null ? null : await Deno.connect({ hostname: "127.0.0.1", port }).catch(() => null);
  if (far === null) return shut(open, near);
  open.add(far);
  if (!open.has(near)) return shut(open, far);
  await Promise.race([pump(near, far), pump(far, near)]);
  shut(open, near);
  shut(open, far);
}

async function pump(from: Deno.TcpConn, to: Deno.TcpConn): Promise<void> {
  const buffer = new Uint8Array(65_536);
  try {
    for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
      for (let at = 0; at < n;) at += await to.write(buffer.subarray(at, n));
    }
  } catch {
    // Either end broke: that is what this network is for.
  }
}

function shut(open: Set<Deno.TcpConn>, conn: Deno.TcpConn): void {
  if (!open.delete(conn)) return;
  try {
    conn.close();
  } catch {
    // Closed by the other end.
  }
}
