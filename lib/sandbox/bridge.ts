// Requests of code in an exec sandbox: frames on its stdout in, one line each on its stdin out.
//
//   N1. What code says is the word of a stranger: a frame that does not fit is an error to the code, and a flood ends it.
//   N2. One request is under way at a time; its answer is written when the code's end has room for it.
import * as z from "zod";
import { tableOf } from "../model/list.ts";
import type { BridgeReply, ExecSpec } from "../service/ports.ts";

/** Largest request: a body of a megabyte in base64, with its headers. */
export const MAX_REQUEST_BYTES = 2_000_000;
/** Requests that may wait for their turn. */
const MAX_WAITING = 64;

const Order = z.strictObject({
  url: z.string().max(8000),
  method: z.string().regex(/^[A-Z]{1,20}$/),
  headers: tableOf(z.string().max(8000), { max: 100 }),
  body: z.base64().optional(),
});

/** Serves the requests of one block. */
export class Bridge {
  readonly #fetch: NonNullable<ExecSpec["bridge"]>;
  readonly #to: { answer(line: string): Promise<void>; flooded(message: string): void };
  readonly #closed = new AbortController();
  #turn: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(
    fetch: NonNullable<ExecSpec["bridge"]>,
    to: { answer(line: string): Promise<void>; flooded(message: string): void },
  ) {
    this.#fetch = fetch;
    this.#to = to;
  }

  /** Takes one frame. */
  take(json: string): void {
    if (this.#closed.signal.aborted) return;
    if (++this.#waiting > MAX_WAITING) {
      this.close();
      return this.#to.flooded(`it asked for more than ${MAX_WAITING} requests at once`);
    }
    this.#turn = this.#turn.then(async () => {
      const reply = await this.#reply(json);
      this.#waiting--;
      if (!this.#closed.signal.aborted) await this.#to.answer(JSON.stringify(reply));
    });
  }

  /** The block is over: nothing is fetched for it any more. */
  close(): void {
    this.#closed.abort(new DOMException("the block is over", "AbortError"));
  }

  async #reply(json: string): Promise<BridgeReply> {
    try {
      const order = Order.safeParse(JSON.parse(json));
      if (!order.success) return { error: "The request does not fit" };
      return await this.#fetch(order.data, this.#closed.signal);
    } catch (error) {
      return { error: error instanceof Error ? error.message : String(error) };
    }
  }
}
