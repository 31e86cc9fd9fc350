import { escapeHtml, NO_FORMULAS } from '../escape/html.js'
import { isJsonObject } from '../files/json.js'
import { displayWidth } from '../results/text-width.js'
import type { MimeBundle } from './host.js'
import type { CellOutput, Notebook } from './notebook.js'

const SEPARATOR = ' · '
const INDENT = '  '
/** Maximum columns of a line of saved text, if it can be broken. */
const COLUMNS = 88

/** CSS class by which a headless run recognises progress lines; `execute.py` uses it too. */
const CLASS = 'recurlab-progress'
const CLASSES = `${CLASS} ${NO_FORMULAS}`

const BLOCK = 'font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px)'
/** JupyterLab breaks plain text anywhere, even inside a word. */
const PART = 'display: inline-block; max-width: 100%; white-space: normal; word-break: normal'

/** Returns progress lines for a notebook; both forms break only between their parts. */
export function progressBundle(lines: readonly string[]): MimeBundle {
  return { 'text/html': progressHtml(lines), 'text/plain': lines.map(wrapped).join('\n') }
}

function progressHtml(lines: readonly string[]): string {
  const rows = lines.map((line) => {
    const parts = line.split(SEPARATOR).map((part) => `<span style="${PART}">${escapeHtml(part)}</span>`)
    return `<div>${parts.join(SEPARATOR)}</div>`
  })
  return `<div class="${CLASSES}" style="${BLOCK}">${rows.join('')}</div>`
}

/**
 * Returns a notebook without the progress of its work. Rates, times and what was already stored are of one execution, and
 * short work shows no progress at all.
 */
export function withoutProgress(notebook: Notebook): Notebook {
  const cells = notebook.cells.map((cell) =>
    cell.outputs ? { ...cell, outputs: cell.outputs.filter((output) => !isProgress(output)) } : cell,
  )
  return { ...notebook, cells }
}

function isProgress({ data }: CellOutput): boolean {
  if (!isJsonObject(data)) return false
  const html = data['text/html']
  return (Array.isArray(html) ? html.join('') : String(html)).startsWith(`<div class="${CLASSES}"`)
}

/** Wraps a long line, with an indent. */
function wrapped(line: string): string {
  const rows: string[] = []
  for (const part of line.split(SEPARATOR)) {
    const longer = rows.length === 0 ? part : `${rows.at(-1)}${SEPARATOR}${part}`
    if (rows.length === 0 || displayWidth(longer) <= COLUMNS) rows.splice(-1, 1, longer)
    else rows.push(`${INDENT}${part}`)
  }
  return rows.join('\n')
}

/** Returns the text form of {@link progressBundle} as one line, for a terminal that overwrites it. */
export function asOneLine(text: string): string {
  return text.replaceAll(`\n${INDENT}`, SEPARATOR).replaceAll('\n', ' | ')
}

/** Returns as many parts of the text as fit in `width` columns; undefined if not even the first fits. */
export function fittingParts(text: string, width: number): string | undefined {
  if (displayWidth(text) <= width) return text
  const parts = text.split(SEPARATOR)
  for (let count = parts.length - 1; count > 0; count--) {
    const shorter = [...parts.slice(0, count), '…'].join(SEPARATOR)
    if (displayWidth(shorter) <= width) return shorter
  }
  return undefined
}
