// Random numbers that are the same in every replay: seeded by run and scope, one stream a scope.
//
// cyrb128 makes the seed, sfc32 the stream (Bob Jenkins' Small Fast Counter). Good for choices and jitter, not for
// secrets: whoever knows the run_id can compute them.

/** Four words from a text. */
function seed(text: string): [number, number, number, number] {
  let [a, b, c, d] = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let i = 0; i < text.length; i++) {
    const k = text.charCodeAt(i);
    a = b ^ Math.imul(a ^ k, 597399067);
    b = c ^ Math.imul(b ^ k, 2869860233);
    c = d ^ Math.imul(c ^ k, 951274213);
    d = a ^ Math.imul(d ^ k, 2716044179);
  }
  return [a, b, c, d];
}

/** A stream of random numbers. */
export class Random {
  #state: [number, number, number, number];
  constructor(run_id: string, scope: string) {
    this.#state = seed(`${run_id}\0${scope}`);
    for (let i = 0; i < 12; i++) this.word();
  }
  /** 32 bits. */
  word(): number {
    let [a, b, c, d] = this.#state;
    const t = (((a + b) | 0) + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + t | 0;
    this.#state = [a, b, c, d];
    return t >>> 0;
  }
  /** From 0 to below 1, 53 bits. */
  next(): number {
    return ((this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6)) / 2 ** 53;
  }
  /** UUID, version 4. */
  uuid(): string {
    const hex = [0, 1, 2, 3].map(() => this.word().toString(16).padStart(8, "0")).join("");
    const variant = "89ab"[parseInt(hex.charAt(16), 16) & 3];
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${
      hex.slice(20)
    }`;
  }
}
