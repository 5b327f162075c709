// A WebSocket client that a test reads frame by frame.

/** Deno's own WebSocket takes headers; the types of the browser's do not know that. */
const Socket = WebSocket as unknown as { new (url: string, options?: unknown): WebSocket };

/** A client of a live door. */
export class Client {
  readonly socket: WebSocket;
  readonly texts: string[] = [];
  readonly closed: Promise<{ code: number; reason: string }>;
  #over = false;
  #wake = Promise.withResolvers<void>();

  constructor(url: string, options: string[] | { headers: Record<string, string>; protocols?: string[] } = []) {
    this.socket = new Socket(url.replace(/^http/, "ws"), options);
    this.socket.onmessage = (event) => {
      this.texts.push(String(event.data));
      this.#tell();
    };
    this.socket.onerror = () => undefined;
    this.closed = new Promise((resolve) => {
      this.socket.onclose = ({ code, reason }) => {
        this.#over = true;
        this.#tell();
        resolve({ code, reason });
      };
    });
  }

  #tell(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /** Waits until a text fits and returns it; fails when the socket closes before. */
  async until(fits: (text: string) => boolean): Promise<string> {
    for (let at = 0;;) {
      for (; at < this.texts.length; at++) {
        const text = this.texts[at] ?? "";
        if (fits(text)) return text;
      }
      if (this.#over) throw new Error(`closed before it came; got ${this.texts.join("\n")}`);
      await this.#wake.promise;
    }
  }

  /** Waits for a frame of a kind and forgets everything up to it. */
  // deno-lint-ignore no-explicit-any -- a test reads what it expects
  async next(event_type: string): Promise<any> {
    const text = await this.until((one) => JSON.parse(one).event_type === event_type);
    this.texts.splice(0, this.texts.indexOf(text) + 1);
    return JSON.parse(text);
  }

  say(message: unknown): void {
    this.socket.send(typeof message === "string" ? message : JSON.stringify(message));
  }

  async close(): Promise<void> {
    if (!this.#over) this.socket.close();
    await this.closed;
  }
}

/** The status and headers with which an upgrade is refused. */
export async function refusal(url: string, headers: Record<string, string>): Promise<Response> {
  const response = await fetch(url, {
    headers: {
      upgrade: "websocket",
      connection: "Upgrade",
      "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
      "sec-websocket-version": "13",
      ...headers,
    },
  });
  await response.body?.cancel();
  return response;
}
