import { UserError } from '../../errors.js'
import type { JsonObject } from '../../files/json.js'
import type { Cell } from '../notebook.js'
import { HEADER, readCellHeader } from './cell-header.js'
import { readFrontMatter } from './front-matter.js'
import { sourceLines } from './write.js'

/** A cell in the text form. */
export interface TextCell extends Pick<Cell, 'cell_type' | 'metadata'> {
  readonly source: string
}

/** Matches a line of a cell that would read as a header without its first backslash. */
const ESCAPED = /^([ \t]*\/\/[ \t]*)\\(\\*%%)/

/**
 * Parses the text form of a notebook. One blank line before a header, and the line feed at the end of the file, belong to
 * no cell; a file with CRLF throughout, as Git may check it out, is read as one with LF.
 *
 * @param file its name, for errors
 * @throws UserError if it has text outside cells, a header of another form, or an uncommented line in a cell that is not code.
 */
export function readPercent(text: string, file: string): { kernelspec: JsonObject; cells: TextCell[] } {
  const lines = linesOf(text)
  const { kernelspec, end } = readFrontMatter(lines, file)
  const starts = lines.flatMap((line, at) => (at >= end && HEADER.test(line) ? [at] : []))
  if (end === 0 && lines.every((line) => line.trim() === ''))
    throw new UserError({
      where: file,
      expected: 'the text of a notebook',
      found: 'an empty file',
      todo: 'Delete it: recurlab notebooks sync writes it again from the notebook.',
    })
  const outside = lines.findIndex((line, at) => at >= end && at < (starts[0] ?? lines.length) && line.trim() !== '')
  if (outside >= 0)
    throw new UserError({
      where: `${file}, line ${outside + 1}`,
      expected: 'a cell that starts with // %%',
      found: shownLine(lines[outside]!),
    })
  const cells = starts.map((start, i) => readCell(lines, start, starts[i + 1] ?? null, file))
  return { kernelspec, cells }
}

/** Returns whether a text is the text form of a notebook: a front matter or a cell comes first. */
export function looksLikePercent(text: string): boolean {
  const first = linesOf(text).find((line) => line.trim() !== '' && !/^\/\/ -\*-/.test(line))
  return first !== undefined && (HEADER.test(first) || /^\/\/ ?---[ \t]*$/.test(first))
}

function linesOf(text: string): string[] {
  const plain = text.replace(/^\ufeff/, '')
  const unix = /(?<!\r)\n/.test(plain) ? plain : plain.replaceAll('\r\n', '\n')
  return unix.replace(/\n$/, '').split('\n')
}

function readCell(lines: readonly string[], start: number, next: number | null, file: string): TextCell {
  const { type, metadata } = readCellHeader(HEADER.exec(lines[start]!)![1]!, `${file}, line ${start + 1}`)
  const all = lines.slice(start + 1, next ?? lines.length)
  if (type !== 'code') return { cell_type: type, metadata, source: uncommented(all, start + 2, file) }
  const body = next !== null && all.at(-1) === '' ? all.slice(0, -1) : all
  return { cell_type: type, metadata, source: body.map(unescaped).join('\n') }
}

/** Returns the text of comments. Blank lines between them are lines of the text, those after the last one are not. */
function uncommented(lines: readonly string[], first: number, file: string): string {
  const end = lines.findLastIndex((line) => line.trim() !== '') + 1
  const body = lines.slice(0, end)
  const code = body.findIndex((line) => line.trim() !== '' && !line.trimStart().startsWith('//'))
  if (code >= 0)
    throw new UserError({
      where: `${file}, line ${first + code}`,
      expected: 'a comment, as every line of a cell that is not code',
      found: shownLine(body[code]!),
      todo: 'Put // before it, or start a cell of code with // %%.',
    })
  const text = body.map(unescaped).join('\n')
  return sourceLines(text)
    .map((line) => line.replace(/^[ \t]*\/\/ ?/, ''))
    .join('')
}

function unescaped(line: string): string {
  return line.replace(ESCAPED, '$1$2')
}

function shownLine(line: string): string {
  return JSON.stringify(line.length > 60 ? `${line.slice(0, 59)}…` : line)
}
