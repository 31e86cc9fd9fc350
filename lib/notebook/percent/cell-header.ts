import { UserError } from '../../errors.js'
import { checkDepth, isJsonObject } from '../../files/json.js'
import { wellFormedJson } from '../../files/json-text.js'
import { nearest } from '../../options/nearest.js'
import type { Cell } from '../notebook.js'

/** The header line of a cell in the text form: `// %% [markdown] tags=["parameters"]`. */
export interface CellHeader {
  readonly type: Cell['cell_type']
  readonly metadata: Cell['metadata']
}

/** Cell metadata that says how a notebook was looked at or run, not what it is: the text form leaves it out. */
export const VIEW_METADATA: readonly string[] = [
  'ExecuteTime',
  'autoscroll',
  'collapsed',
  'execution',
  'scrolled',
  'trusted',
]

/** Matches a line that starts a cell; group 1 is the rest of the line. */
export const HEADER = /^[ \t]*\/\/[ \t]*%%(.*)$/s

const TYPES: Readonly<Record<string, Cell['cell_type']>> = { markdown: 'markdown', md: 'markdown', raw: 'raw' }
const KEY = /^[\w.-]+$/
/** A title that cannot be taken for a type or for metadata, in words with one space between them. */
const TITLE = /^(?!%)[^\s=[\]{}]+(?: [^\s=[\]{}]+)*$/

/** Returns the header line of a cell. Metadata is in the order of its keys, as `key=JSON`. */
export function cellHeader({ cell_type: type, metadata }: Pick<Cell, 'cell_type' | 'metadata'>): string {
  const kept = Object.entries(metadata).filter(([key]) => !VIEW_METADATA.includes(key))
  const title = kept.find(([key, value]) => key === 'title' && typeof value === 'string' && TITLE.test(value))
  const rest = kept.filter((entry) => entry !== title).sort(([a], [b]) => (a < b ? -1 : 1))
  const asPairs = rest.every(([key]) => KEY.test(key))
  const text = asPairs
    ? rest.map(([key, value]) => `${key}=${sortedJson(value)}`)
    : [sortedJson(Object.fromEntries(rest))]
  return ['// %%', ...(title ? [title[1]] : []), ...(type === 'code' ? [] : [`[${type}]`]), ...text].join(' ')
}

/**
 * Parses what follows `%%` in a header: words of a title, the type in brackets, then `key=JSON` pairs or one JSON object.
 *
 * @param where file and line, for errors
 * @throws UserError for another form, an unknown type, a key given twice, or tags that are not texts.
 */
export function readCellHeader(rest: string, where: string): CellHeader {
  const wrong = (found: string, expected = 'a cell header such as // %% [markdown] tags=["a"]', todo?: string) =>
    new UserError({ where, expected, found, ...(todo === undefined ? {} : { todo }) })
  if (/^\S/.test(rest)) throw wrong(`%%${rest.trim()}`)
  const title: string[] = []
  const metadata = new Map<string, unknown>()
  let type: Cell['cell_type'] | null = null
  const add = (key: string, value: unknown): void => {
    if (metadata.has(key)) throw wrong(`${key} twice`, 'each key of the metadata once')
    metadata.set(key, value)
  }
  for (let left = rest.trim(); left !== ''; left = left.trimStart()) {
    const key = /^([\w.-]+)\s*=\s*/.exec(left)
    if (key) {
      const text = leadingJson(left.slice(key[0].length))
      add(
        key[1]!,
        parsed(text, () => wrong(left, `${key[1]}= with a value in JSON`)),
      )
      left = left.slice(key[0].length + text.length)
    } else if (left.startsWith('{')) {
      const object = parsed(left, () => wrong(left, 'metadata as one JSON object'))
      for (const [name, value] of Object.entries(isJsonObject(object) ? object : {})) add(name, value)
      left = ''
    } else if (metadata.size > 0) throw wrong(left, 'key=JSON pairs to the end of the header')
    else if (left.startsWith('[')) {
      const name = /^\[([^\]]*)\]?/.exec(left)!
      const known = Object.keys(TYPES)
      if (type !== null || !Object.hasOwn(TYPES, name[1]!)) {
        const near = type === null ? nearest(name[1]!, known) : undefined
        throw wrong(name[0], '[markdown] or [raw], once, or neither for code', near && `Did you mean [${near}]?`)
      }
      type = TYPES[name[1]!]!
      left = left.slice(name[0].length)
    } else {
      const [word] = /^[^\s[]+/.exec(left)!
      title.push(word)
      left = left.slice(word.length)
    }
  }
  if (title.length > 0) add('title', title.join(' '))
  return { type: type ?? 'code', metadata: checkedMetadata(metadata, wrong) }
}

function checkedMetadata(
  metadata: ReadonlyMap<string, unknown>,
  wrong: (found: string, expected: string) => UserError,
): Cell['metadata'] {
  const tags = metadata.get('tags')
  if (tags !== undefined && !(Array.isArray(tags) && tags.every((tag) => typeof tag === 'string')))
    throw wrong(JSON.stringify(tags), 'tags as a list of texts')
  return Object.fromEntries(metadata)
}

function parsed(text: string, error: () => UserError): unknown {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw error()
  }
  checkDepth(value, 'the header of a cell')
  return value
}

/** Returns the JSON value that a text starts with, or the text up to a space if it is not JSON. */
function leadingJson(text: string): string {
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const sign = text[at]!
    if (sign === '"') {
      const [quoted] = /^"(?:\\.|[^"\\])*"?/s.exec(text.slice(at))!
      at += quoted.length - 1
    } else if (sign === '[' || sign === '{') depth++
    else if (sign === ']' || sign === '}') depth--
    else if (depth === 0 && /\s/.test(sign)) return text.slice(0, at)
  }
  return text
}

/** Returns a value as JSON on one line of source text, with the keys of objects in order, spaced as Python does. */
function sortedJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sortedJson).join(', ')}]`
  if (isJsonObject(value)) {
    const pairs = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${pairs.map(([key, each]) => `${sortedJson(key)}: ${sortedJson(each)}`).join(', ')}}`
  }
  // Both characters end a comment of TypeScript.
  return wellFormedJson(value).replace(/[\u2028\u2029]/g, (end) => `\\u${end.charCodeAt(0).toString(16)}`)
}
