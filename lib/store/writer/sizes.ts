// What a commit weighs, counted before it is sent: the store refuses an atomic over its limits only after the work.
//
// The limits here lie below those of Deno KV (100 checks, 1,000 mutations, 81,920 bytes of keys, 819,200 bytes in all,
// 65,536 bytes a value) because its encoding of keys and values is counted from the outside.
import type { Key, Mutation } from "../mutation.ts";

/** Largest atomic of the writer. */
export const BATCH_LIMIT: Weight = { checks: 100, mutations: 900, key_bytes: 60_000, bytes: 640_000 };
/**
 * Largest command: it always fits a batch of its own, so none waits for ever. Its rows may be more than its share: the end
 * of a run closes 50 questions of four rows each and empties its mailbox in one commit, and nothing could be cut off it.
 */
export const COMMAND_LIMIT: Weight = { checks: 25, mutations: 450, key_bytes: 40_000, bytes: 160_000 };
/** Largest value of the store, with room for its own header. */
export const MAX_VALUE_BYTES = 60_000;
/** Largest backlog of a writer before callers stop reading a pipe. */
export const BACKLOG_LIMIT = 8 * 1024 * 1024;

/** What an atomic holds. */
export interface Weight {
  checks: number;
  mutations: number;
  key_bytes: number;
  bytes: number;
}

const encoder = new TextEncoder();

/** Bytes of a key as the store encodes it: a type byte a part, text with escaped and closing zeros, numbers in 8 bytes. */
export function keyBytes(key: Key): number {
  let bytes = 0;
  for (const part of key) {
    if (typeof part === "string") bytes += 2 + textBytes(part);
    else if (part instanceof Uint8Array) bytes += 2 + 2 * part.length;
    else if (typeof part === "bigint") bytes += 3 + part.toString(16).length;
    else bytes += typeof part === "number" ? 9 : 1;
  }
  return bytes;
}

function textBytes(text: string): number {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 0 || code > 0x7f) return 2 * encoder.encode(text).length;
  }
  return text.length;
}

/** Nothing. */
export function noWeight(): Weight {
  return { checks: 0, mutations: 0, key_bytes: 0, bytes: 0 };
}

/** Weight of rows to write. */
export function weigh(mutations: Iterable<Mutation>): Weight {
  const weight = noWeight();
  for (const mutation of mutations) {
    const key = keyBytes(mutation.key);
    weight.mutations++;
    weight.key_bytes += key;
    weight.bytes += key + (mutation.type === "set" ? mutation.value.length + 16 : 0);
  }
  return weight;
}

/** Weight of rows to check. */
export function weighChecks(checked: Iterable<Key>): Weight {
  const weight = noWeight();
  for (const key of checked) {
    weight.checks++;
    weight.key_bytes += keyBytes(key);
  }
  return weight;
}

/** Adds weights. */
export function sum(...weights: Weight[]): Weight {
  const total = noWeight();
  for (const weight of weights) {
    total.checks += weight.checks;
    total.mutations += weight.mutations;
    total.key_bytes += weight.key_bytes;
    total.bytes += weight.bytes;
  }
  return total;
}

/** Tells whether a weight is within a limit. */
export function fits(weight: Weight, limit: Weight): boolean {
  return weight.checks <= limit.checks && weight.mutations <= limit.mutations &&
    weight.key_bytes <= limit.key_bytes && weight.bytes <= limit.bytes;
}
