import {
  DataType,
  Dictionary,
  Field,
  Int32,
  List,
  makeData,
  Table,
  Uint8,
  Utf8,
  Vector,
  vectorFromArray,
} from 'apache-arrow'
import type { Grid, TestTask } from '../../data/dataset.js'
import { BLANK_IDENTIFIER } from '../../data/identifiers.js'
import { UserError } from '../../errors.js'
import { type ArcIdentifiers, arcIdentifiers } from './identifiers.js'
import { VERSION_CODES } from './version.js'

/**
 * Returns identifiers as a table, one row per embedding row: `task` (dictionary of utf8; row 0 `<blank>`) and `version`
 * (int32, transform · 9! + rank of the colour permutation).
 */
export function identifiersTable({ tasks, taskOf, codeOf }: ArcIdentifiers): Table {
  const names = vectorFromArray([BLANK_IDENTIFIER, ...tasks], new Utf8())
  // The library numbers dictionaries in order of creation; a fixed number makes the file reproducible.
  const type = new Dictionary(new Utf8(), new Int32(), 0)
  const task = new Vector([
    makeData({ type, length: taskOf.length, nullCount: 0, data: taskOf.map((n) => n + 1), dictionary: names }),
  ])
  const version = new Vector([makeData({ type: new Int32(), length: codeOf.length, nullCount: 0, data: codeOf })])
  return new Table({ task, version })
}

/** Reads identifiers from their table. @throws UserError when the table has another form. */
export function identifiersFromTable(table: Table): ArcIdentifiers {
  const [task, version] = [table.getChild('task'), table.getChild('version')]
  if (!task || !version || !DataType.isDictionary(task.type) || String(version.type) !== 'Int32')
    throw wrong('identifiers', 'columns task (a dictionary) and version (int32)')
  const names = task.data[0]?.dictionary?.toArray() as unknown
  const tasks = Array.from(names as ArrayLike<unknown>, String)
  if (tasks.shift() !== BLANK_IDENTIFIER) throw wrong('identifiers', `${BLANK_IDENTIFIER} as the first task`)
  const taskOf = numbers(task, table.numRows).map((n) => n - 1)
  const codeOf = numbers(version, table.numRows)
  const bad = (n: number, low: number, high: number): boolean => !(n >= low && n < high)
  if (taskOf[0] !== -1 || taskOf.subarray(1).some((n) => bad(n, 0, tasks.length)))
    throw wrong('identifiers', `${BLANK_IDENTIFIER} in row 0 alone`)
  if (codeOf.some((code) => bad(code, 0, VERSION_CODES))) throw wrong('identifiers', `versions below ${VERSION_CODES}`)
  return arcIdentifiers(tasks, taskOf, codeOf)
}

/**
 * Returns test tasks as a table, one row per test pair: `task` (utf8), `input` and `output` (lists of lists of uint8;
 * output may be null).
 */
export function testsTable(tasks: readonly TestTask[]): Table {
  const grid = new List(new Field('row', new List(new Field('colour', new Uint8(), false)), false))
  const pairs = tasks.flatMap(({ name, pairs }) => pairs.map((pair) => ({ name, ...pair })))
  const grids = (of: readonly (Grid | null)[]): Vector => vectorFromArray(of as number[][][], grid)
  return new Table({
    task: vectorFromArray(
      pairs.map(({ name }) => name),
      new Utf8(),
    ),
    input: grids(pairs.map(({ input }) => input)),
    output: grids(pairs.map(({ output }) => output)),
  })
}

/** Reads test tasks from their table. @throws UserError when the table has another form. */
export function testTasksFromTable(table: Table): TestTask[] {
  const [task, input, output] = ['task', 'input', 'output'].map((name) => table.getChild(name))
  if (!task || !input || !output) throw wrong('test tasks', 'columns task, input and output')
  const tasks: { name: string; pairs: { input: Grid; output: Grid | null }[] }[] = []
  for (let row = 0; row < table.numRows; row++) {
    const name = String(task.get(row))
    const pair = { input: gridOf(input.get(row)) ?? [], output: gridOf(output.get(row)) }
    const last = tasks.at(-1)
    if (last?.name === name) last.pairs.push(pair)
    else tasks.push({ name, pairs: [pair] })
  }
  return tasks
}

function gridOf(value: unknown): Grid | null {
  if (!(value instanceof Vector)) return null
  return Array.from(value as Iterable<Iterable<number>>, (row) => Array.from(row))
}

function numbers(column: Vector, length: number): Int32Array {
  const values = new Int32Array(length)
  let at = 0
  for (const chunk of column.data) {
    values.set((chunk.values as Int32Array).subarray(0, chunk.length), at)
    at += chunk.length
  }
  return values
}

function wrong(where: string, expected: string): UserError {
  return new UserError({
    where: `${where} of the data set`,
    expected,
    found: 'others',
    todo: 'Build the data set again.',
  })
}
