/** A key that stands twice in one object of a JSON text; null when there is none. `JSON.parse` would keep the last one silently. */
export function duplicateKey(json: string): string | null {
  const open: (Set<string> | null)[] = []
  const token = /"(?:[^"\\]|\\.)*"(\s*:)?|[{}[\]]/g
  for (const match of json.matchAll(token)) {
    const text = match[0]
    if (text === '{') open.push(new Set())
    else if (text === '[') open.push(null)
    else if (text === '}' || text === ']') open.pop()
    else if (match[1] !== undefined) {
      const key = String(JSON.parse(text.slice(0, -match[1].length)))
      const keys = open.at(-1)
      if (keys?.has(key)) return key
      keys?.add(key)
    }
  }
  return null
}
