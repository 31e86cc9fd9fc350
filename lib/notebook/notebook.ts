import { UserError } from '../errors.js'
import { writeFileAtomic } from '../files/atomic.js'
import { checkDepth, isJsonObject, readJsonText, shown, whyNotJson } from '../files/json.js'
import { notebookJson, splitLines } from './notebook-json.js'

/** One output of a cell, in nbformat 4. */
export interface CellOutput {
  output_type: 'stream' | 'display_data' | 'execute_result' | 'error'
  name?: string
  /** Stream text, which nbformat allows in pieces. */
  text?: string | string[]
  [key: string]: unknown
}

/** One notebook cell, in nbformat 4. */
export interface Cell {
  cell_type: 'code' | 'markdown' | 'raw'
  id?: string
  metadata: { tags?: string[]; [key: string]: unknown }
  source: string | string[]
  outputs?: CellOutput[]
  execution_count?: number | null
  /** Files of a cell that is not code, by name. */
  attachments?: unknown
}

/** A notebook, in nbformat 4. */
export interface Notebook {
  nbformat: number
  nbformat_minor: number
  metadata: Record<string, unknown>
  cells: Cell[]
}

/** Reads a notebook. @throws UserError if the file is missing or not a notebook of format 4. */
export function readNotebook(file: string): Notebook {
  return parseNotebook(readJsonText(file), file)
}

/** Parses the text of a notebook's file. @throws UserError if it is not a notebook of format 4. */
export function parseNotebook(text: string, file: string): Notebook {
  let notebook: Partial<Notebook>
  try {
    notebook = JSON.parse(text) as Partial<Notebook>
  } catch (error) {
    throw new UserError({ where: file, expected: 'a notebook (JSON)', found: whyNotJson(error) }, { cause: error })
  }
  checkDepth(notebook, file)
  if (notebook?.nbformat !== 4 || !Array.isArray(notebook.cells))
    throw new UserError({
      where: file,
      expected: 'a notebook of format 4',
      found: notebook?.nbformat === undefined ? 'something else' : `format ${notebook.nbformat}`,
      todo: 'Open and save it in JupyterLab.',
    })
  const broken = notebook.cells.findIndex((cell) => !isCell(cell))
  if (broken >= 0)
    throw new UserError({
      where: `${file}, cell ${broken + 1}`,
      expected: 'a cell with cell_type, metadata, whose tags are texts, and source',
      found: shown(notebook.cells[broken]),
    })
  return { nbformat_minor: 5, metadata: {}, ...notebook } as Notebook
}

function isCell(cell: unknown): cell is Cell {
  if (!isJsonObject(cell) || !isJsonObject(cell.metadata)) return false
  const { cell_type: type, source } = cell
  const { tags = [] } = cell.metadata
  if (!Array.isArray(tags) || !tags.every((tag) => typeof tag === 'string')) return false
  const isText =
    typeof source === 'string' || (Array.isArray(source) && source.every((line) => typeof line === 'string'))
  return isText && (type === 'code' || type === 'markdown' || type === 'raw')
}

/** Writes a notebook exactly as JupyterLab saves it, so that opening and saving it there changes nothing. */
export function writeNotebook(file: string, notebook: Notebook): void {
  writeFileAtomic(file, notebookJson(notebook))
}

/** Returns a cell's code or prose in one piece. */
export function sourceOf(cell: Cell): string {
  return joined(cell.source)
}

/** Returns whether a cell has a tag. */
export function hasTag(cell: Cell, tag: string): boolean {
  return cell.metadata.tags?.includes(tag) ?? false
}

/**
 * Returns an executed notebook without execution times, with texts as lists of lines, consecutive prints to one stream as
 * one output, and only the final state of lines that were overwritten (progress).
 */
export function tidyNotebook(notebook: Notebook): Notebook {
  return { ...notebook, cells: notebook.cells.map(tidyCell) }
}

function tidyCell(cell: Cell): Cell {
  const { execution: _times, ...metadata } = cell.metadata
  const tidy: Cell = { ...cell, metadata, source: splitLines(sourceOf(cell)) }
  return cell.outputs ? { ...tidy, outputs: mergeStreams(cell.outputs).map(splitOutput) } : tidy
}

function mergeStreams(outputs: readonly CellOutput[]): CellOutput[] {
  const merged: CellOutput[] = []
  for (const output of outputs) {
    const before = merged.at(-1)
    if (output.output_type === 'stream' && before?.output_type === 'stream' && before.name === output.name)
      before.text = joined(before.text ?? '') + joined(output.text ?? '')
    else merged.push({ ...output })
  }
  return merged
}

/** Stores texts as lists of lines, which version control compares well. */
function splitOutput(output: CellOutput): CellOutput {
  if (output.output_type === 'stream') return { ...output, text: splitLines(overwritten(joined(output.text ?? ''))) }
  if (typeof output.data !== 'object' || output.data === null) return output
  const data = Object.entries(output.data).map(([type, value]): [string, unknown] => [
    type,
    typeof value === 'string' && /^text\/|\+xml$/.test(type) ? splitLines(value) : value,
  ])
  return { ...output, data: Object.fromEntries(data) }
}

/** Returns what a terminal finally shows of lines with carriage returns. */
export function overwritten(text: string): string {
  if (!text.includes('\r')) return text
  const ends = text.replace(/\r+\n/g, '\n').split('\n')
  return ends.map((line) => line.replace(/\r+$/, '').split('\r').at(-1)).join('\n')
}

function joined(text: string | readonly string[]): string {
  return typeof text === 'string' ? text : text.join('')
}
