import { displayWidth } from '../results/text-width.js'
import type { MimeBundle } from './host.js'
import { escapeHtml } from './html.js'

const SEPARATOR = ' · '
const INDENT = '  '
/** Columns that a line of saved text takes at most, where it can be broken. */
const COLUMNS = 88

/** By this class a headless run tells lines of progress from other HTML; `execute.py` knows it. */
const CLASS = 'recurlab-progress'

const BLOCK = 'font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px)'
/** JupyterLab breaks plain text anywhere, in the middle of a word too. */
const PART = 'display: inline-block; max-width: 100%; white-space: normal; word-break: normal'

/** Lines of progress as a notebook shows and keeps them: both forms are broken between their parts only. */
export function progressBundle(lines: readonly string[]): MimeBundle {
  return { 'text/html': progressHtml(lines), 'text/plain': lines.map(wrapped).join('\n') }
}

function progressHtml(lines: readonly string[]): string {
  const rows = lines.map((line) => {
    const parts = line.split(SEPARATOR).map((part) => `<span style="${PART}">${escapeHtml(part)}</span>`)
    return `<div>${parts.join(SEPARATOR)}</div>`
  })
  return `<div class="${CLASS}" style="${BLOCK}">${rows.join('')}</div>`
}

/** A long line goes on below, indented. */
function wrapped(line: string): string {
  const rows: string[] = []
  for (const part of line.split(SEPARATOR)) {
    const longer = rows.length === 0 ? part : `${rows.at(-1)}${SEPARATOR}${part}`
    if (rows.length === 0 || displayWidth(longer) <= COLUMNS) rows.splice(-1, 1, longer)
    else rows.push(`${INDENT}${part}`)
  }
  return rows.join('\n')
}

/** The text form of {@link progressBundle} as one line, for a terminal that writes it over. */
export function asOneLine(text: string): string {
  return text.replaceAll(`\n${INDENT}`, SEPARATOR).replaceAll('\n', ' | ')
}

/** The text, or as many of its parts as fit in `width` columns; undefined where not even the first does. */
export function fittingParts(text: string, width: number): string | undefined {
  if (displayWidth(text) <= width) return text
  const parts = text.split(SEPARATOR)
  for (let count = parts.length - 1; count > 0; count--) {
    const shorter = [...parts.slice(0, count), '…'].join(SEPARATOR)
    if (displayWidth(shorter) <= width) return shorter
  }
  return undefined
}
