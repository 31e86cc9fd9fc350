import { UserError } from '../../errors.js'
import { type PosedPuzzle, type PuzzleChoice, type PuzzleText, refuseInput, refuseTaskName } from '../posed.js'
import type { PuzzleSpec } from '../task.js'
import { parseMaze } from './parse.js'
import { isShortestPath, type PathFault, pathFault, solveMaze } from './solve.js'
import { CHARACTERS } from './tokens.js'

/**
 * Parses a maze: a file with one row per line, or one line of size² characters; `#` wall, space free, `S`, `G`.
 * Trailing spaces may be missing.
 *
 * @param size side of the mazes that the model takes
 * @throws UserError for another size or character, not exactly one S and one G, and no path between them.
 */
export function poseMaze(spec: PuzzleSpec, size: number, puzzle: PuzzleText, choice: PuzzleChoice): PosedPuzzle {
  refuseTaskName(choice)
  refuseInput(choice, 'a maze is one puzzle')
  const { where, name } = puzzle
  const { input } = parseMaze(squareRows(puzzle, size), where)
  const solved = solveMaze(input, size)!
  return {
    spec,
    name,
    identifier: null,
    input,
    answer: solved.label,
    notes: [],
    judge(predicted) {
      const fault = pathFault(input, predicted, size)
      return fault
        ? { solved: false, words: faultWords(fault, size) }
        : { solved: true, words: `a shortest path of ${solved.length} cells, including S and G` }
    },
    marks: (predicted) =>
      // Other shortest paths than the stored one are valid too.
      isShortestPath(input, predicted, size)
        ? Array.from(input, () => 'none')
        : Array.from(solved.label, (token, cell) => (token === predicted[cell] ? 'none' : 'wrong')),
    write: (tokens) => Array.from(tokens, (token) => CHARACTERS[token - 1] ?? '?').join(''),
  }
}

/** Restores trailing spaces and empty rows that an editor has trimmed, using the size of the maze. */
function squareRows({ text, where }: PuzzleText, size: number): string {
  const lines = text.split('\n')
  while (lines.length > 1 && lines.at(-1) === '' && (lines.length === 2 || lines.length > size)) lines.pop()
  const [line = ''] = lines
  const longest = Math.max(...lines.map((row) => row.length))
  const fits =
    lines.length === 1
      ? line.length > size * (size - 1) && line.length <= size * size
      : lines.length === size && longest <= size
  if (fits) return lines.length === 1 ? line.padEnd(size * size) : lines.map((row) => row.padEnd(size)).join('\n')
  throw new UserError({
    where,
    expected: `a maze of ${size}×${size} cells, the size that the model takes`,
    found: lines.length === 1 ? `${longest} characters` : `${lines.length} rows of up to ${longest}`,
  })
}

function faultWords(fault: PathFault, size: number): string {
  switch (fault.kind) {
    case 'changed':
      return `the cell in row ${Math.floor(fault.cell / size) + 1}, column ${(fault.cell % size) + 1} differs from the maze`
    case 'unreachable':
      return 'no path leads from S to G'
    case 'path':
      return fault.marked < 0
        ? 'the marked cells do not form a path from S to G'
        : `the path has ${fault.marked} cells, the shortest has ${fault.length}`
  }
}
