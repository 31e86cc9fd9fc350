import { isJsonObject, type JsonObject } from '../../files/json.js'
import { type Cell, type Notebook, sourceOf } from '../notebook.js'
import { cellHeader } from './cell-header.js'
import { frontMatter, KERNEL } from './front-matter.js'

/** The parts of a notebook that its text form holds. */
export interface TextNotebook {
  readonly kernelspec: JsonObject
  readonly cells: readonly Pick<Cell, 'cell_type' | 'metadata' | 'source'>[]
}

/** Matches a line that reads as a cell's header, backslashes before `%%` or not. */
const LIKE_HEADER = /^([ \t]*\/\/[ \t]*)(\\*%%)/

/**
 * Returns the text form of a notebook: jupytext's percent format for TypeScript. Code stands as it is, other cells in
 * comments; outputs, counts and identifiers are left out. A line of a cell that reads as the header of a cell gets a
 * backslash before `%%`.
 */
export function percentText({ kernelspec, cells }: TextNotebook): string {
  const blocks = [frontMatter(kernelspec).join('\n'), ...cells.map(cellText)]
  // Through UTF-8, in which half a character becomes U+FFFD, as in the notebook's file.
  return Buffer.from(`${blocks.join('\n\n')}\n`, 'utf8').toString('utf8')
}

/** Returns the part of a notebook that its text form holds. */
export function textNotebook({ metadata, cells }: Notebook): TextNotebook {
  return { kernelspec: isJsonObject(metadata.kernelspec) ? metadata.kernelspec : KERNEL, cells }
}

function cellText(cell: Pick<Cell, 'cell_type' | 'metadata' | 'source'>): string {
  const header = cellHeader(cell)
  const source = sourceOf(cell as Cell)
  if (source === '') return header
  const text = cell.cell_type === 'code' ? source : commented(source)
  return `${header}\n${text.split('\n').map(escaped).join('\n')}`
}

/** Comments every line, and whatever follows another character that ends a comment of TypeScript. */
function commented(source: string): string {
  return sourceLines(source)
    .map((line) => (/^[\r\n\u2028\u2029]|^$/.test(line) ? `//${line}` : `// ${line}`))
    .join('')
}

/** Splits a text into lines with their ends, as TypeScript does; after the last end is one more line. */
export function sourceLines(text: string): string[] {
  const lines = text.split(/(?<=[\n\u2028\u2029]|\r(?!\n))/)
  return /[\n\u2028\u2029\r]$/.test(text) ? [...lines, ''] : lines
}

function escaped(line: string): string {
  return line.replace(LIKE_HEADER, '$1\\$2')
}
