import { displayWidth, pad, terminalWidth, wrapText } from '../results/text-width.js'

/**
 * A part of a help text: a paragraph, which is wrapped; a list of terms with their explanation; lines that stay as they
 * are; or an example of a command line.
 */
export type HelpBlock = string | HelpList | HelpLines | HelpExample

/** Terms in one column and their meaning in another. */
export interface HelpList {
  readonly title: string
  readonly rows: readonly HelpRow[]
}

/** A term, e.g. `out=DIR`, and its meaning in sentences, the last of which says the default. */
export type HelpRow = readonly [term: string, text: string]

/** Lines that are not wrapped, e.g. of a program. */
export interface HelpLines {
  readonly title: string
  readonly lines: readonly string[]
}

/** A command line, continued with `\` where it is too wide. */
export interface HelpExample {
  readonly title: string
  /** Without `npx recurlab`. */
  readonly command: string
}

/** Widest lines of prose, in columns. */
const WIDEST = 110
/** Narrowest layout; a narrower terminal breaks the lines itself. */
const NARROWEST = 60
/** A term wider than this stands on a line of its own. */
const WIDEST_TERM = 24
const INDENT = '  '

/** Columns that help is laid out in: the terminal's, 80 without one. */
export function helpWidth(): number {
  return Math.min(WIDEST, Math.max(NARROWEST, terminalWidth() ?? 80))
}

/** Lays out the parts of a help text, an empty line between them. @returns lines, each with its newline */
export function layOut(blocks: readonly HelpBlock[], width: number = helpWidth()): string {
  return `${blocks.map((block) => layOutBlock(block, width).join('\n')).join('\n\n')}\n`
}

function layOutBlock(block: HelpBlock, width: number): string[] {
  if (typeof block === 'string') return wrapText(block, width)
  if ('rows' in block) return [`${block.title}:`, ...columns(block.rows, width)]
  const lines = 'lines' in block ? block.lines : commandLines(`npx recurlab ${block.command}`, width)
  return [`${block.title}:`, ...lines.map((line) => INDENT + line)]
}

/** Two columns; the second one wraps with its lines below each other. */
export function columns(rows: readonly HelpRow[], width: number = helpWidth()): string[] {
  const fitting = rows.map(([term]) => displayWidth(term)).filter((term) => term <= WIDEST_TERM)
  const termWidth = Math.max(0, ...fitting)
  const hanging = ' '.repeat(INDENT.length + termWidth + 2)
  return rows.flatMap(([term, text]) => {
    const lines = wrapText(text, width - hanging.length)
    if (displayWidth(term) > termWidth) return [...indented(term, width), ...lines.map((line) => hanging + line)]
    const [first = '', ...rest] = lines
    return [`${INDENT}${pad(term, termWidth, 'right')}  ${first}`.trimEnd(), ...rest.map((line) => hanging + line)]
  })
}

/** A term too wide for its column, wrapped where it has spaces. */
function indented(term: string, width: number): string[] {
  return wrapText(term, width - 2 * INDENT.length).map((line, i) => `${i === 0 ? INDENT : INDENT.repeat(3)}${line}`)
}

/** A command line as it can be copied: continued with `\` where it is too wide. */
export function commandLines(command: string, width: number = helpWidth()): string[] {
  const lines = wrapText(command, width - 2 * INDENT.length - 2)
  return lines.map((line, i) => `${i === 0 ? '' : INDENT}${line}${i < lines.length - 1 ? ' \\' : ''}`)
}
