// SHA-256, synchronous (FIPS 180-4).
//
// Digests of arguments are needed in the middle of a call, and crypto.subtle is asynchronous: an await there would let
// code go on between a call and its place in the journal. node:crypto would add 13 ms to each start of a sandbox.
const K = new Uint32Array(64);
const INITIAL = new Uint32Array(8);
/** Words of the block at work; everything here is synchronous. */
const W = new Uint32Array(64);
const encoder = new TextEncoder();
let filled = false;

/** Fractional parts of square and cube roots of the first primes, as the standard defines the constants. */
function fill(): void {
  let count = 0;
  for (let candidate = 2; count < 64; candidate++) {
    let prime = true;
    for (let d = 2; d * d <= candidate; d++) prime &&= candidate % d !== 0;
    if (!prime) continue;
    if (count < 8) INITIAL[count] = (Math.sqrt(candidate) % 1) * 2 ** 32;
    K[count++] = (Math.cbrt(candidate) % 1) * 2 ** 32;
  }
  filled = true;
}

const at = (words: Uint32Array, i: number) => words[i] ?? 0;
const rotate = (x: number, n: number) => (x >>> n) | (x << (32 - n));

/** Extends the first 16 words of a block to 64. */
function expand(w: Uint32Array): void {
  for (let i = 16; i < 64; i++) {
    const a = at(w, i - 15);
    const b = at(w, i - 2);
    const s0 = rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3);
    const s1 = rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10);
    w[i] = at(w, i - 16) + s0 + at(w, i - 7) + s1;
  }
}

/** One round of 64 steps over the state. */
function compress(state: Uint32Array, w: Uint32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let i = 0; i < 64; i++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + at(K, i) + at(w, i)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  for (const [i, word] of [a, b, c, d, e, f, g, h].entries()) state[i] = at(state, i) + word;
}

/** SHA-256 of a text in UTF-8, lower-case hex. */
export function sha256(text: string): string {
  if (!filled) fill();
  const bytes = encoder.encode(text);
  const padded = new Uint8Array(((bytes.length + 8) >> 6 << 6) + 64);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 2 ** 29));
  view.setUint32(padded.length - 4, bytes.length << 3);
  const state = INITIAL.slice();
  for (let block = 0; block < padded.length; block += 64) {
    for (let i = 0; i < 16; i++) W[i] = view.getUint32(block + i * 4);
    expand(W);
    compress(state, W);
  }
  return Array.from(state, (word) => word.toString(16).padStart(8, "0")).join("");
}
