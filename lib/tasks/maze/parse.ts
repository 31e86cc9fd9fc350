import type { PuzzleFormat } from '../../data/puzzle-csv.js'
import { bytesHash, type Likeness, latin1 } from '../../data/puzzle-index.js'
import { UserError } from '../../errors.js'
import { SIZES } from './options.js'
import { pathFault } from './solve.js'
import { dihedralSources, twinForm } from './symmetry.js'
import { CHARACTERS, GOAL, PATH, START } from './tokens.js'

/** `[256]` token of each byte; 0 for other bytes. */
const TOKENS = Uint8Array.from({ length: 256 }, (_, byte) => CHARACTERS.indexOf(String.fromCharCode(byte)) + 1)

/** A parsed maze. */
export interface ParsedMaze {
  readonly size: number
  /** `[size²]` tokens. */
  readonly input: Uint8Array
}

/**
 * Parses a maze in text form: one line per row, or all cells in one line. Windows line endings, a trailing empty line
 * and trimmed trailing spaces are accepted.
 *
 * @param where name of the text in errors, e.g. its file
 * @throws UserError when it is not a square, has another character, not exactly one S and one G, or no path between
 * them.
 */
export function parseMaze(text: string, where: string): ParsedMaze {
  const rows = text.replace(/^\ufeff/, '').split(/\r\n|\n/)
  while (rows.length > 1 && rows.at(-1) === '') rows.pop()
  const size = rows.length === 1 ? Math.sqrt(rows[0]!.length) : rows.length
  const cells = rows.length === 1 ? rows[0]! : rows.map((row) => row.padEnd(size)).join('')
  const tooLong = rows.length === 1 ? -1 : rows.findIndex((row) => row.length > size)
  if (!Number.isInteger(size) || size < SIZES.least || size > SIZES.greatest || tooLong >= 0)
    throw new UserError({
      where: tooLong >= 0 ? `${where}, line ${tooLong + 1}` : where,
      expected: `a square of # (wall), space, S and G, ${SIZES.least} to ${SIZES.greatest} cells wide, in as many lines or in one`,
      found:
        tooLong >= 0
          ? `${rows[tooLong]!.length} characters in one of ${size} lines`
          : rows.length === 1
            ? `one line of ${cells.length} characters`
            : `${size} lines`,
    })
  const input = readInput(cells, size, where)
  if (pathFault(input, input, size)?.kind === 'unreachable') throw unreachable(where)
  return { size, input }
}

/** Returns the format of mazes in a CSV file: their rows, concatenated. */
export function mazeFormat(size: number): PuzzleFormat {
  const cells = size * size
  return {
    cells,
    answers: true,
    plainList: null,
    quick(bytes, question, answer, clues, solution) {
      let starts = 0
      let goals = 0
      for (let cell = 0; cell < cells; cell++) {
        const token = TOKENS[bytes[question + cell]!]!
        const label = TOKENS[bytes[answer + cell]!]!
        if (token === 0 || token === PATH || label === 0) return false
        if (token === START) starts++
        else if (token === GOAL) goals++
        clues[cell] = token
        solution[cell] = label
      }
      return starts === 1 && goals === 1 && pathFault(clues, solution, size) === null
    },
    exact(question, answer, where) {
      checkLength(question, size, where, 'question')
      const clues = readInput(question, size, where)
      const given = answer ?? ''
      checkLength(given, size, where, 'answer')
      const label = readTokens(given, size, where, 'answer', CHARACTERS)
      checkLabel(clues, label, size, where)
      return { clues, answer: label }
    },
  }
}

/** Returns the equivalence of mazes up to rotation and reflection. */
export function mazeTwins(size: number): Likeness {
  const sources = dihedralSources(size)
  // Summed over the transforms, the hash does not depend on the orientation.
  const turned = new Uint8Array(size * size)
  return {
    key({ clues }) {
      let sum = 0
      for (const source of sources) {
        for (let cell = 0; cell < source.length; cell++) turned[cell] = clues[source[cell]!]!
        sum = (sum + bytesHash(turned)) | 0
      }
      return sum
    },
    form: ({ clues }) => latin1(twinForm(clues, sources)),
  }
}

/** Parses the tokens of a question. @throws UserError for another character, and unless there is one S and one G. */
function readInput(text: string, size: number, where: string): Uint8Array {
  const input = readTokens(text, size, where, 'question', CHARACTERS.replace('o', ''))
  for (const [letter, token] of [
    ['S', START],
    ['G', GOAL],
  ] as const) {
    const places = Array.from(input.keys()).filter((cell) => input[cell] === token)
    if (places.length !== 1)
      throw new UserError({
        where,
        expected: `one ${letter} in question`,
        found:
          places.length === 0
            ? 'none'
            : `${places.length} (${places
                .slice(0, 2)
                .map((cell) => place(cell, size))
                .join('; ')}${places.length > 2 ? '; …' : ''})`,
      })
  }
  return input
}

function checkLength(text: string, size: number, where: string, name: 'question' | 'answer'): void {
  if (text.length === size * size) return
  const side = Math.sqrt(text.length)
  const fits = Number.isInteger(side) && side >= SIZES.least && side <= SIZES.greatest
  throw new UserError({
    where,
    expected: `${name} with ${size * size} characters`,
    found: `${text.length}${text.length > 0 && text.length <= 40 ? ` (${JSON.stringify(text)})` : ''}`,
    ...(fits ? { todo: `${text.length} would fit size=${side}.` } : {}),
  })
}

function readTokens(text: string, size: number, where: string, name: string, allowed: string): Uint8Array {
  return Uint8Array.from({ length: size * size }, (_, cell) => {
    const token = allowed.indexOf(text[cell]!) + 1
    if (token > 0) return token
    throw new UserError({
      where,
      expected: `${[...allowed].map((char) => (char === ' ' ? 'space' : char)).join(', ')} in ${name} at character ${cell + 1}`,
      found: JSON.stringify(String.fromCodePoint(text.codePointAt(cell)!)),
    })
  })
}

/** Checks a label against its maze. @throws UserError that names the fault. */
function checkLabel(input: Uint8Array, label: Uint8Array, size: number, where: string): void {
  const fault = pathFault(input, label, size)
  if (fault === null) return
  if (fault.kind === 'unreachable') throw unreachable(where)
  if (fault.kind === 'changed') {
    const [was, is] = [input, label].map((tokens) => JSON.stringify(CHARACTERS[tokens[fault.cell]! - 1]))
    throw new UserError({
      where,
      expected: `an answer that keeps the question's ${was} in ${place(fault.cell, size)}`,
      found: is!,
    })
  }
  throw new UserError({
    where,
    expected: `an answer that marks a shortest path of ${fault.length} cells, including S and G`,
    found: fault.marked < 0 ? 'o that do not form a path from S to G' : `a path of ${fault.marked}`,
  })
}

function unreachable(where: string): UserError {
  return new UserError({ where, expected: 'a path from S to G', found: 'none' })
}

function place(cell: number, size: number): string {
  return `row ${Math.floor(cell / size) + 1}, column ${(cell % size) + 1}`
}
