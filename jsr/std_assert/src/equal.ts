// Deep equality as `@std/assert` means it: by structure, not by identity.
//
//   E1. NaN equals NaN; 0 equals -0.
//   E2. Objects of different classes differ; a missing prototype counts as a plain object.
//   E3. A key that is present with `undefined` differs from a key that is absent.
//   E4. Sets and maps are compared without their order, keys and members by structure.
//   E5. Cycles end: a pair that is already being compared counts as equal.

type Pairs = WeakMap<object, WeakSet<object>>;

/** Compares two values by structure. */
export function equal(a: unknown, b: unknown): boolean {
  return same(a, b, new WeakMap());
}

function same(a: unknown, b: unknown, pairs: Pairs): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (classOf(a) !== classOf(b)) return false;
  if (a instanceof WeakMap || a instanceof WeakSet) {
    throw new TypeError("Cannot compare WeakMap or WeakSet instances");
  }
  const met = pairs.get(a);
  if (met?.has(b)) return true;
  if (met) met.add(b);
  else pairs.set(a, new WeakSet([b]));
  return sameContents(a, b, pairs) && sameKeys(a, b, pairs);
}

function classOf(value: object): unknown {
  const { constructor } = value;
  return constructor === undefined ? Object : constructor;
}

function sameContents(a: object, b: object, pairs: Pairs): boolean {
  if (a instanceof Date && b instanceof Date) {
    return Object.is(a.getTime(), b.getTime());
  }
  if (a instanceof RegExp || a instanceof URL) return String(a) === String(b);
  if (a instanceof Error && b instanceof Error) {
    return a.name === b.name && a.message === b.message;
  }
  if (a instanceof WeakRef && b instanceof WeakRef) {
    return same(a.deref(), b.deref(), pairs);
  }
  if (a instanceof Set && b instanceof Set) {
    return a.size === b.size && sameMembers([...a], [...b], pairs);
  }
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && sameMembers([...a], [...b], pairs);
  }
  if (a instanceof ArrayBuffer && b instanceof ArrayBuffer) {
    return sameBytes(new Uint8Array(a), new Uint8Array(b));
  }
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length;
  if (isBoxed(a)) return Object.is(a.valueOf(), b.valueOf());
  return true;
}

function isBoxed(value: object): boolean {
  return value instanceof Number || value instanceof String ||
    value instanceof Boolean;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

// Members that are identical are taken out first: the rest is compared pair by pair, which is
// quadratic and would be slow for big sets of plain strings.
function sameMembers(a: unknown[], b: unknown[], pairs: Pairs): boolean {
  const left = new Set(b.map((_, index) => index));
  const byPrimitive = new Map<unknown, number>();
  b.forEach((member, index) => {
    if (typeof member !== "object") byPrimitive.set(member, index);
  });
  return a.every((member) => {
    const direct = typeof member !== "object" ? byPrimitive.get(member) : undefined;
    const found = direct ??
      [...left].find((index) => same(member, b[index], pairs));
    return found !== undefined && left.delete(found);
  });
}

function sameKeys(a: object, b: object, pairs: Pairs): boolean {
  const keys = ownKeys(a);
  if (keys.length !== ownKeys(b).length) return false;
  return keys.every((key) =>
    Object.hasOwn(b, key) &&
    same(Reflect.get(a, key), Reflect.get(b, key), pairs)
  );
}

function ownKeys(value: object): PropertyKey[] {
  const visible = Object.getOwnPropertyDescriptors(value);
  return Reflect.ownKeys(visible).filter((key) => Reflect.get(visible, key).enumerable);
}
