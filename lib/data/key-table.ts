import { mix } from './streams.js'

/** A multimap from 32-bit keys to numbers, at 16 bytes per entry so that millions fit. */
export interface KeyTable {
  /** Adds a non-negative number under a key. */
  add(key: number, number: number): void
  /** Returns the first number under a key that passes the test, or -1. */
  find(key: number, test: (number: number) => boolean): number
}

/** Returns an empty table that grows (linear probing, at most half full). */
export function keyTable(): KeyTable {
  let count = 0
  let keys = new Int32Array(64)
  // Stored numbers are offset by one; 0 marks an empty slot.
  let numbers = new Int32Array(64)
  const put = (key: number, number: number): void => {
    const mask = keys.length - 1
    let place = mix(key) & mask
    while (numbers[place] !== 0) place = (place + 1) & mask
    keys[place] = key
    numbers[place] = number
  }
  const grow = (): void => {
    const [oldKeys, oldNumbers] = [keys, numbers]
    keys = new Int32Array(2 * oldKeys.length)
    numbers = new Int32Array(2 * oldKeys.length)
    for (let place = 0; place < oldKeys.length; place++)
      if (oldNumbers[place] !== 0) put(oldKeys[place]!, oldNumbers[place]!)
  }
  return {
    add(key, number) {
      if (2 * ++count > keys.length) grow()
      put(key | 0, number + 1)
    },
    find(key, test) {
      const mask = keys.length - 1
      key |= 0
      for (let place = mix(key) & mask; numbers[place] !== 0; place = (place + 1) & mask)
        if (keys[place] === key && test(numbers[place]! - 1)) return numbers[place]! - 1
      return -1
    },
  }
}
