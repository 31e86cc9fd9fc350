import type { Identifiers } from '../../data/dataset.js'
import { BLANK_IDENTIFIER } from '../../data/identifiers.js'
import { UserError } from '../../errors.js'
import { parseVersionName, type VersionCode, versionName } from './version.js'

/**
 * Names of the rows of ARC's puzzle embedding: row 0 is `<blank>`, every other row a version of a task. A row is stored
 * as two numbers, and its name computed on demand.
 */
export interface ArcIdentifiers extends Identifiers {
  /** Names of the tasks. */
  readonly tasks: readonly string[]
  /** `[count]` task of each row; -1 for row 0. */
  readonly taskOf: Int32Array
  /** `[count]` version of each row. */
  readonly codeOf: Int32Array
  /** Returns the rows of a task: the task itself first, then its versions in row order. */
  rowsOf(task: number): Int32Array
}

/** A task with its versions, itself first. */
export interface VersionList {
  readonly name: string
  /** {@link VersionCode}s; the first is 0. */
  readonly codes: ArrayLike<VersionCode>
}

/** Returns the identifiers of tasks in order, each followed by all its versions, as in a build without a list. */
export function identifiersOf(versions: readonly VersionList[]): ArcIdentifiers {
  const count = versions.reduce((sum, { codes }) => sum + codes.length, 1)
  const taskOf = new Int32Array(count).fill(-1)
  const codeOf = new Int32Array(count)
  let row = 1
  versions.forEach(({ codes }, task) => {
    taskOf.fill(task, row, row + codes.length)
    codeOf.set(codes, row)
    row += codes.length
  })
  return arcIdentifiers(
    versions.map(({ name }) => name),
    taskOf,
    codeOf,
  )
}

/**
 * Parses the identifiers of a published list (`identifiers.json`), keeping its order and row numbers.
 *
 * @param where the file, for the error
 * @throws UserError when row 0 is not `<blank>`, a name is malformed or duplicate, or the task of a version is missing.
 */
export function identifiersFromList(names: readonly unknown[], where = 'identifiers'): ArcIdentifiers {
  if (names[0] !== BLANK_IDENTIFIER)
    throw new UserError({
      where: `${where}, [0]`,
      expected: BLANK_IDENTIFIER,
      found: JSON.stringify(names[0]) ?? 'nothing',
    })
  const numbers = new Map<string, number>()
  const taskOf = new Int32Array(names.length).fill(-1)
  const codeOf = new Int32Array(names.length)
  for (let row = 1; row < names.length; row++) {
    const name = names[row]
    if (typeof name !== 'string')
      throw new UserError({ where: `${where}, [${row}]`, expected: 'a name', found: JSON.stringify(name) ?? 'nothing' })
    const { task, code } = parseVersionName(name, `${where}, [${row}]`)
    const number = numbers.get(task) ?? numbers.size
    numbers.set(task, number)
    taskOf[row] = number
    codeOf[row] = code
  }
  const identifiers = arcIdentifiers([...numbers.keys()], taskOf, codeOf)
  identifiers.tasks.forEach((name, task) => {
    checkVersions(identifiers, name, identifiers.rowsOf(task), where)
  })
  return identifiers
}

function checkVersions({ codeOf, name: nameOf }: ArcIdentifiers, task: string, rows: Int32Array, where: string): void {
  const first = rows[0]!
  if (codeOf[first] !== 0)
    throw new UserError({
      where: `${where}, [${first}]`,
      expected: `the task ${task} itself in the list, beside its versions`,
      found: `only ${nameOf(first)}`,
    })
  const seen = new Set<number>()
  for (const row of rows) {
    if (seen.has(codeOf[row]!))
      throw new UserError({
        where: `${where}, [${row}]`,
        expected: 'each version of a task once',
        found: `${nameOf(row)} again`,
      })
    seen.add(codeOf[row]!)
  }
}

/** Returns identifiers from task and version numbers, `[count]` each. */
export function arcIdentifiers(tasks: readonly string[], taskOf: Int32Array, codeOf: Int32Array): ArcIdentifiers {
  const count = taskOf.length
  const { starts, rows } = rowsByTask(tasks.length, taskOf, codeOf)
  return {
    count,
    tasks,
    taskOf,
    codeOf,
    name(id) {
      if (!(Number.isInteger(id) && id >= 0 && id < count)) throw new RangeError(`no identifier ${id} among ${count}`)
      const task = taskOf[id]!
      return task < 0 ? BLANK_IDENTIFIER : versionName(tasks[task]!, codeOf[id]!)
    },
    rowsOf: (task) => rows.subarray(starts[task], starts[task + 1]),
  }
}

function rowsByTask(tasks: number, taskOf: Int32Array, codeOf: Int32Array): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(tasks + 1)
  for (const task of taskOf) if (task >= 0) starts[task + 1]!++
  for (let task = 0; task < tasks; task++) starts[task + 1]! += starts[task]!
  const next = starts.slice(0, tasks)
  const rows = new Int32Array(starts[tasks]!)
  for (let row = 0; row < taskOf.length; row++) {
    const task = taskOf[row]!
    if (task >= 0) rows[next[task]!++] = row
  }
  for (let task = 0; task < tasks; task++) {
    const own = rows.subarray(starts[task], starts[task + 1])
    const itself = own.findIndex((row) => codeOf[row] === 0)
    if (itself <= 0) continue
    const row = own[itself]!
    own.copyWithin(1, 0, itself)
    own[0] = row
  }
  return { starts, rows }
}
