/** Keys that collide with inherited properties of objects, and occur only in hostile files. */
const HOSTILE: readonly string[] = ['__proto__', 'constructor', 'prototype']

/** Returns whether a key collides with an inherited property of objects. */
export function isHostileKey(key: string): boolean {
  return HOSTILE.includes(key)
}

/**
 * Returns a key that occurs twice in one object of a JSON text, or null. `JSON.parse` would silently keep the last one.
 */
export function duplicateKey(json: string): string | null {
  const path = duplicateKeyPath(json)
  return path === null ? null : String(path.at(-1))
}

/** Returns the path of the first duplicate key, as keys and indices from the outside in, or null. */
export function duplicateKeyPath(json: string): (string | number)[] | null {
  if (!json.includes('{')) return null
  // A scan instead of a regular expression, which overflows the stack on a string of millions of characters.
  const open: Level[] = []
  for (let i = 0; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === QUOTE) {
      const end = endOfString(json, i)
      const level = open.at(-1)
      if (level?.keys && isKey(json, end)) {
        const key = String(JSON.parse(json.slice(i, end)))
        level.at = key
        if (level.keys.has(key)) return open.map(({ at }) => at)
        level.keys.add(key)
      }
      i = end - 1
    } else if (code === OPEN_OBJECT) open.push({ keys: new Set(), at: '' })
    else if (code === OPEN_LIST) open.push({ keys: null, at: 0 })
    else if (code === CLOSE_OBJECT || code === CLOSE_LIST) open.pop()
    else if (code === COMMA) {
      const level = open.at(-1)
      if (typeof level?.at === 'number') level.at++
    }
  }
  return null
}

/** An object or a list that is still open, and the position of the scan in it. */
interface Level {
  readonly keys: Set<string> | null
  at: string | number
}

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a]
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_LIST, CLOSE_LIST] = [0x7b, 0x7d, 0x5b, 0x5d]

/** Returns the index after the closing quote of the string that starts at `start`. */
function endOfString(json: string, start: number): number {
  for (let i = start + 1; i < json.length; i++) {
    const code = json.charCodeAt(i)
    if (code === BACKSLASH) i++
    else if (code === QUOTE) return i + 1
  }
  return json.length
}

function isKey(json: string, end: number): boolean {
  while (/\s/.test(json.charAt(end))) end++
  return json.charCodeAt(end) === COLON
}
