import { displayWidth, pad, terminalWidth, wrapText } from '../results/text-width.js'

/**
 * A part of a help text: a paragraph, which is wrapped; a list of terms with explanations; verbatim lines; or an example
 * command line.
 */
export type HelpBlock = string | HelpList | HelpLines | HelpExample

/** Terms in one column and their meaning in another. */
export interface HelpList {
  readonly title: string
  readonly rows: readonly HelpRow[]
}

/** A term, e.g. `out=DIR`, and its meaning in sentences, the last of which states the default. */
export type HelpRow = readonly [term: string, text: string]

/** Verbatim lines, e.g. of a program. */
export interface HelpLines {
  readonly title: string
  readonly lines: readonly string[]
}

/** A command line, continued with `\` if it is too wide. */
export interface HelpExample {
  readonly title: string
  /** The command without `npx recurlab`. */
  readonly command: string
}

/** Maximum width of prose, in columns. */
const WIDEST = 110
/** Minimum width of the layout; a narrower terminal wraps the lines itself. */
const NARROWEST = 60
/** A wider term gets a line of its own. */
const WIDEST_TERM = 24
const INDENT = '  '

/** Returns the columns available for help: the terminal's, 80 without one. */
export function helpWidth(): number {
  return Math.min(WIDEST, Math.max(NARROWEST, terminalWidth() ?? 80))
}

/** Lays out the parts of a help text, separated by empty lines. @returns lines, each with its newline */
export function layOut(blocks: readonly HelpBlock[], width: number = helpWidth()): string {
  return `${blocks.map((block) => layOutBlock(block, width).join('\n')).join('\n\n')}\n`
}

function layOutBlock(block: HelpBlock, width: number): string[] {
  if (typeof block === 'string') return wrapText(block, width)
  if ('rows' in block) return [`${block.title}:`, ...columns(block.rows, width)]
  const lines = 'lines' in block ? block.lines : commandLines(`npx recurlab ${block.command}`, width)
  return [`${block.title}:`, ...lines.map((line) => INDENT + line)]
}

/** Lays out two columns; the second wraps with aligned lines. */
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

/** Wraps a term that is too wide for its column at its spaces. */
function indented(term: string, width: number): string[] {
  return wrapText(term, width - 2 * INDENT.length).map((line, i) => `${i === 0 ? INDENT : INDENT.repeat(3)}${line}`)
}

/** Returns a command line that can be copied: continued with `\` if it is too wide. */
export function commandLines(command: string, width: number = helpWidth()): string[] {
  const lines = wrapText(command, width - 2 * INDENT.length - 2)
  return lines.map((line, i) => `${i === 0 ? '' : INDENT}${line}${i < lines.length - 1 ? ' \\' : ''}`)
}
