// Connections end with what they came in with: a token that is revoked, a login that is logged out, a time that is up.
//
//   CR1. What ends is ended at once, on every instance (accounts.onEnded), and nothing more is sent.
//   CR2. A credential that ended while its connection was being opened is found too: it is looked at again after the
//        connection is among those that are told.
import type { Credential } from "../model/principal.ts";
import { endsWith } from "../model/principal.ts";
import type { Accounts } from "../service/holdfast.ts";
import type { Cancel, Clock } from "../service/ports.ts";

/** Longest timer: a cookie lasts longer than what a timer can hold. */
const LONGEST_MS = 24 * 60 * 60 * 1000;

interface Guarded {
  readonly credential: Credential;
  end(): void;
  cancel: Cancel;
}

/** Ends connections with their credentials. */
export class CredentialWatch {
  readonly #accounts: Pick<Accounts, "stands" | "onEnded">;
  readonly #clock: Clock;
  readonly #guarded = new Set<Guarded>();
  readonly #forget: () => void;

  constructor(accounts: Pick<Accounts, "stands" | "onEnded">, clock: Clock) {
    this.#accounts = accounts;
    this.#clock = clock;
    this.#forget = accounts.onEnded((ended) => {
      for (const one of [...this.#guarded]) {
        if (ended === null) this.#look(one);
        else if (endsWith(one.credential, ended)) one.end();
      }
    });
  }

  /** Watches over a connection; the result stops that. Without a credential (authentication off) nothing ends it. */
  add(credential: Credential | undefined, end: () => void): () => void {
    if (credential === undefined) return () => undefined;
    const one: Guarded = { credential, end, cancel: () => undefined };
    this.#guarded.add(one);
    this.#arm(one);
    this.#look(one);
    return () => {
      this.#guarded.delete(one);
      one.cancel();
    };
  }

  /** Hears nothing any more. */
  close(): void {
    this.#forget();
  }

  #arm(one: Guarded): void {
    const { until_ms } = one.credential;
    if (until_ms === undefined) return;
    const left = until_ms - this.#clock.now();
    one.cancel = left > LONGEST_MS
      ? this.#clock.after(LONGEST_MS, () => this.#arm(one))
      : this.#clock.after(left, () => one.end());
  }

  /** A store that does not answer says nothing about the credential: the connection stays. */
  #look(one: Guarded): void {
    this.#accounts.stands(one.credential).then(
      (stands) => {
        if (!stands && this.#guarded.has(one)) one.end();
      },
      () => undefined,
    );
  }
}
