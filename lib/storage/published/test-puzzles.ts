import type { Grid, TestTask } from '../../data/dataset.js'
import { isJsonObject, kindOf } from '../../files/json.js'
import { LARGEST } from '../../tasks/arc/grid.js'
import { type Fault, faults, isHostile, readPublishedJson, shown } from './json.js'

/**
 * Reads ARC's `test_puzzles.json`: name → `{ train, test }`, lists of `{ input, output }`. An output is withheld when
 * it is missing, or is `[[0]]`, the published builder's placeholder.
 *
 * @returns the tasks, ordered by name
 * @throws UserError for hostile names, missing lists, and grids that are ragged, empty, too large, or not of colours.
 */
export function readTestPuzzles(file: string): { tasks: TestTask[]; sha256: string } {
  const fail = faults(file)
  const { value, sha256 } = readPublishedJson(file)
  if (!isJsonObject(value)) throw fail('an object of name → { train, test }', kindOf(value))
  const tasks = Object.entries(value).map(([name, task]): TestTask => {
    if (isHostile(name) || name === '') throw fail('names of tasks', shown(name), `key ${name}`)
    if (!isJsonObject(task)) throw fail('{ train, test }', kindOf(task), name)
    // The training pairs are not used here, but invalid ones make the file invalid.
    if (task.train !== undefined) readPairs(task.train, `${name}, train`, fail)
    const pairs = readPairs(task.test, `${name}, test`, fail)
    if (pairs.length === 0) throw fail('at least one test pair', 'none', `${name}, test`)
    return { name, pairs }
  })
  // JSON objects put integer-like names first, whatever their position in the file.
  tasks.sort((a, b) => (a.name < b.name ? -1 : 1))
  return { tasks, sha256 }
}

function readPairs(value: unknown, where: string, fail: Fault): TestTask['pairs'] {
  if (!Array.isArray(value)) throw fail('a list of { input, output }', kindOf(value), where)
  return value.map((pair: unknown, i) => {
    if (!isJsonObject(pair)) throw fail('{ input, output }', kindOf(pair), `${where}[${i}]`)
    const input = readGrid(pair.input, `${where}[${i}].input`, fail)
    const output = pair.output ?? null
    const answer = output === null ? null : readGrid(output, `${where}[${i}].output`, fail)
    return { input, output: answer && isPlaceholder(answer) ? null : answer }
  })
}

function isPlaceholder(grid: Grid): boolean {
  return grid.length === 1 && grid[0]!.length === 1 && grid[0]![0] === 0
}

function readGrid(value: unknown, where: string, fail: Fault): Grid {
  if (!Array.isArray(value)) throw fail('a list of rows', kindOf(value), where)
  if (value.length < 1 || value.length > LARGEST) throw fail(`1…${LARGEST} rows`, String(value.length), where)
  const width = Array.isArray(value[0]) ? value[0].length : 0
  if (width < 1 || width > LARGEST) throw fail(`rows of 1…${LARGEST} colours`, shown(value[0]), `${where}[0]`)
  value.forEach((row: unknown, r) => {
    if (!Array.isArray(row) || row.length !== width)
      throw fail(`a row of ${width} colours`, shown(row), `${where}[${r}]`)
    const c = row.findIndex(
      (colour: unknown) => !(Number.isInteger(colour) && Number(colour) >= 0 && Number(colour) <= 9),
    )
    if (c >= 0) throw fail('a colour 0…9', shown(row[c]), `${where}[${r}][${c}]`)
  })
  return value as Grid
}
