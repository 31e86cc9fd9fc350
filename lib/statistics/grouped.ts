/** Returns values by a key, keys and values in order of first appearance. */
export function grouped<T, K>(values: Iterable<T>, keyOf: (value: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const value of values) {
    const key = keyOf(value)
    const there = groups.get(key)
    if (there) there.push(value)
    else groups.set(key, [value])
  }
  return groups
}
