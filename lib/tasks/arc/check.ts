import { UserError } from '../../errors.js'
import { unprintableIn } from '../../escape/visible.js'
import { isJsonObject, type JsonObject, kindOf, shown } from '../../files/json.js'
import { isHostileKey } from '../../files/json-keys.js'
import { COLOURS, type FlatGrid, type FlatPair, LARGEST } from './grid.js'
import { SEPARATOR } from './version.js'

/** A task as stored in a file. */
export interface ArcTask {
  readonly name: string
  readonly train: readonly FlatPair[]
  /** `output` is null when the answer is withheld. */
  readonly test: readonly TestPair[]
}

/** A test pair, whose output may be withheld. */
export interface TestPair {
  readonly input: FlatGrid
  readonly output: FlatGrid | null
}

const LONGEST_NAME = 200

/**
 * Validates a task: `train` and `test`, non-empty lists of pairs of `input` and `output`; a test pair may lack its
 * output. Other keys are ignored.
 *
 * @param where file and task, for the error
 * @throws UserError with file, task, pair, row and column (counted from 1) of the fault.
 */
export function checkTask(name: string, value: unknown, where: string): ArcTask {
  checkName(name, where)
  const task = object(value, where, 'a task (an object with train and test)')
  return { name, train: checkTrain(task, where), test: checkTest(task, where) }
}

/** Validates the training pairs of a task. @throws UserError when there are none, and for a malformed one. */
export function checkTrain(task: JsonObject, where: string): FlatPair[] {
  return list(task, 'train', where).map((pair, i) => {
    const place = `${where}, train[${i}]`
    const { input, output } = object(pair, place, 'a pair (an object with input and output)')
    return { input: checkGrid(input, `${place}.input`), output: checkGrid(output, `${place}.output`) }
  })
}

/**
 * Validates the test pairs of a task.
 *
 * @param isWithheld whether an output stands for a withheld one. Default: only a missing one does
 * @throws UserError when there are none, and for a malformed one.
 */
export function checkTest(
  task: JsonObject,
  where: string,
  isWithheld: (output: unknown) => boolean = (output) => output === undefined,
): TestPair[] {
  return list(task, 'test', where).map((pair, i) => {
    const place = `${where}, test[${i}]`
    const { input, output } = object(pair, place, 'a pair (an object with input)')
    const answer = isWithheld(output) ? null : checkGrid(output, `${place}.output`)
    return { input: checkGrid(input, `${place}.input`), output: answer }
  })
}

/**
 * Validates a grid: 1…30 rows of equal length 1…30, of integers 0…9.
 *
 * @throws UserError naming `where`, row and column.
 */
export function checkGrid(value: unknown, where: string): FlatGrid {
  const wrong = (place: string, expected: string, found: string): UserError =>
    new UserError({ where: where + place, expected, found })
  if (!Array.isArray(value)) throw wrong('', 'a grid (a list of rows)', kindOf(value))
  const rows = value.length
  if (rows < 1 || rows > LARGEST) throw wrong('', `1 to ${LARGEST} rows`, String(rows))
  const first: unknown = value[0]
  if (!Array.isArray(first)) throw wrong(', row 1', 'a list of colours', kindOf(first))
  const columns = first.length
  if (columns < 1 || columns > LARGEST) throw wrong(', row 1', `1 to ${LARGEST} colours`, String(columns))
  const cells = new Uint8Array(rows * columns)
  for (let r = 0; r < rows; r++) {
    const row: unknown = value[r]
    if (!Array.isArray(row)) throw wrong(`, row ${r + 1}`, 'a list of colours', kindOf(row))
    if (row.length !== columns) throw wrong(`, row ${r + 1}`, `${columns} colours, as in row 1`, String(row.length))
    for (let c = 0; c < columns; c++) {
      const colour: unknown = row[c]
      if (!(typeof colour === 'number' && Number.isInteger(colour) && colour >= 0 && colour < COLOURS))
        throw wrong(`, row ${r + 1}, column ${c + 1}`, `a whole number 0…${COLOURS - 1}`, shown(colour, 40))
      cells[r * columns + c] = colour
    }
  }
  return { rows, columns, cells }
}

/** Returns a value as an object of a JSON file. @throws UserError when it is not one, or has a hostile key. */
export function object(value: unknown, where: string, expected: string): JsonObject {
  if (!isJsonObject(value)) throw new UserError({ where, expected, found: kindOf(value) })
  const hostile = Object.keys(value).find(isHostileKey)
  if (hostile !== undefined)
    throw new UserError({ where, expected: 'keys of a task', found: JSON.stringify(hostile), todo: 'Remove that key.' })
  return value
}

/** Validates a task's name, which becomes part of version names, and a key of `submission.json`. @throws UserError */
export function checkName(name: string, where: string): void {
  const wrong = (expected: string): UserError => {
    const found = JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name)
    return new UserError({ where, expected, found, todo: 'Rename the task.' })
  }
  if (name.trim() === '' || name.length > LONGEST_NAME) throw wrong(`a task's name of 1 to ${LONGEST_NAME} characters`)
  if (name.includes(SEPARATOR)) throw wrong(`a task's name without ${SEPARATOR}, which names versions`)
  if (name === '<blank>') throw wrong("a task's name other than that of row 0")
  if (unprintableIn(name) !== null) throw wrong("a task's name without control characters or halves of characters")
}

function list(task: JsonObject, key: 'train' | 'test', where: string): unknown[] {
  const value = task[key]
  if (!Array.isArray(value) || value.length === 0)
    throw new UserError({
      where: `${where}, ${key}`,
      expected: 'a list of one or more pairs',
      found: Array.isArray(value) ? 'an empty list' : kindOf(value),
    })
  return value
}
