import { wellFormedJson } from '../files/json-text.js'

/**
 * Returns a notebook as Jupyter's server writes it (nbformat's `write`): keys in order, one space per level, texts as lists
 * of lines, numbers as Python writes them. JupyterLab leaves such a file unchanged when it opens and saves it.
 */
export function notebookJson(notebook: object): string {
  return `${jsonText(withLines(notebook), '')}\n`
}

/** Fields of a cell or output that nbformat stores as lists of lines; other MIME types stay in one piece. */
const LINES = /^text\/|^image\/svg\+xml$|^application\/javascript$/

type Json = Readonly<Record<string, unknown>>

function withLines(notebook: object): object {
  const { cells } = notebook as { cells?: unknown }
  return Array.isArray(cells) ? { ...notebook, cells: cells.map((cell: Json) => cellWithLines(cell)) } : notebook
}

function cellWithLines(cell: Json): Json {
  const { attachments, outputs } = cell
  return {
    ...cell,
    source: asLines(cell.source),
    ...(isObject(attachments)
      ? { attachments: mapValues(attachments, (each) => (isObject(each) ? bundleWithLines(each) : each)) }
      : {}),
    ...(Array.isArray(outputs) ? { outputs: outputs.map((output: Json) => outputWithLines(output)) } : {}),
  }
}

function outputWithLines(output: Json): Json {
  if (output.output_type === 'stream') return { ...output, text: asLines(output.text) }
  return isObject(output.data) ? { ...output, data: bundleWithLines(output.data) } : output
}

function bundleWithLines(bundle: Json): Json {
  return mapValues(bundle, (value, type) => (LINES.test(type) ? asLines(value) : value))
}

function asLines(value: unknown): unknown {
  const text = Array.isArray(value) && value.every((each) => typeof each === 'string') ? value.join('') : value
  return typeof text === 'string' ? splitLines(text) : text
}

/** Line feed, vertical tab, form feed, carriage return, the separators of ASCII and Unicode: Python's line endings. */
const ENDS = String.fromCharCode(10, 11, 12, 13, 28, 29, 30, 0x85, 0x2028, 0x2029)
const LINE = new RegExp(`[^${ENDS}]*(?:\r\n|[${ENDS}])|[^${ENDS}]+`, 'g')

/** Splits a text into lines with their endings, as Python does. */
export function splitLines(text: string): string[] {
  return text.match(LINE) ?? []
}

function jsonText(value: unknown, indent: string): string {
  const inner = `${indent} `
  if (Array.isArray(value))
    return block(
      '[',
      value.map((each) => jsonText(each ?? null, inner)),
      ']',
      indent,
    )
  if (isObject(value)) {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined)
    const lines = keys.sort(byCodePoint).map((key) => `${wellFormedJson(key)}: ${jsonText(value[key], inner)}`)
    return block('{', lines, '}', indent)
  }
  return typeof value === 'number' ? numberText(value) : (wellFormedJson(value) ?? 'null')
}

function block(open: string, lines: readonly string[], close: string, indent: string): string {
  if (lines.length === 0) return open + close
  return `${open}\n${lines.map((line) => `${indent} ${line}`).join(',\n')}\n${indent}${close}`
}

/** Formats a number as Python does, which uses exponents earlier, with two digits. */
function numberText(value: number): string {
  if (value === 0 || Math.abs(value) >= 1e-4) return JSON.stringify(value)
  return value.toExponential().replace(/e-(\d)$/, 'e-0$1')
}

/** Compares by code point, as Python sorts; JavaScript compares UTF-16 code units. */
function byCodePoint(a: string, b: string): number {
  const [left, right] = [[...a], [...b]]
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i]!.codePointAt(0)! - right[i]!.codePointAt(0)!
    if (difference !== 0) return difference
  }
  return left.length - right.length
}

function mapValues(object: Json, change: (value: unknown, key: string) => unknown): Json {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value, key)]))
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
