// Immutable maps for big journals: a shared base under a small layer of changes.
//
//   M1. `patch` costs the size of the layer (at most 64), not of the map; every 64th patch merges into a new base.
//   M2. `differences` of two maps on the same base costs the size of the layers, else one walk over the newer map.
//   M3. Keys are only set, never removed. A plain Map is a valid input everywhere.
/** Layers larger than this are merged into a new base. */
const LAYER = 64;

/** A read-only map that shares its base with the maps it was made from. */
export class LayeredMap<K, V> implements ReadonlyMap<K, V> {
  readonly base: ReadonlyMap<K, V>;
  readonly layer: ReadonlyMap<K, V>;
  readonly size: number;

  constructor(base: ReadonlyMap<K, V>, layer: ReadonlyMap<K, V>) {
    this.base = base;
    this.layer = layer;
    let added = 0;
    for (const key of layer.keys()) if (!base.has(key)) added++;
    this.size = base.size + added;
  }
  get(key: K): V | undefined {
    return this.layer.get(key) ?? this.base.get(key);
  }
  has(key: K): boolean {
    return this.layer.has(key) || this.base.has(key);
  }
  *entries(): MapIterator<[K, V]> {
    for (const [key, value] of this.base) yield [key, this.layer.get(key) ?? value];
    for (const pair of this.layer) if (!this.base.has(pair[0])) yield pair;
  }
  *keys(): MapIterator<K> {
    for (const [key] of this.entries()) yield key;
  }
  *values(): MapIterator<V> {
    for (const [, value] of this.entries()) yield value;
  }
  forEach(fn: (value: V, key: K, map: ReadonlyMap<K, V>) => void): void {
    for (const [key, value] of this.entries()) fn(value, key, this);
  }
  [Symbol.iterator](): MapIterator<[K, V]> {
    return this.entries();
  }
}

/** Returns a map like the one given but for one key. Values must not be undefined. */
export function patch<K, V>(map: ReadonlyMap<K, V>, key: K, value: V): ReadonlyMap<K, V> {
  const layered = map instanceof LayeredMap;
  if (map.size <= LAYER || (layered && map.layer.size >= LAYER)) return new Map(map).set(key, value);
  const base: ReadonlyMap<K, V> = layered ? map.base : map;
  const layer: Map<K, V> = new Map(layered ? map.layer : []);
  return new LayeredMap(base, layer.set(key, value));
}

/** Lists what `after` holds that is not identical in `before`. */
export function differences<K, V>(before: ReadonlyMap<K, V>, after: ReadonlyMap<K, V>): [K, V][] {
  if (before === after) return [];
  const near = after instanceof LayeredMap && after.base === baseOf(before);
  const candidates: ReadonlyMap<K, V> = near ? after.layer : after;
  const found: [K, V][] = [];
  for (const [key, value] of candidates) if (before.get(key) !== value) found.push([key, value]);
  return found;
}

function baseOf<K, V>(map: ReadonlyMap<K, V>): ReadonlyMap<K, V> {
  return map instanceof LayeredMap ? map.base : map;
}
