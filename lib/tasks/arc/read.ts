import path from 'node:path'
import type { SourceFile } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { type JsonObject, kindOf } from '../../files/json.js'
import { readStrictJson } from '../../files/strict-json.js'
import { type ArcTask, checkGrid, checkTask, object } from './check.js'
import { sameGrid } from './grid.js'
import { compare, findSubset, type SubsetFiles } from './layout.js'
import { SETS, type SetName, type SetPlan, type Subset } from './sets.js'

/** A subset's tasks, ordered by name. */
export interface ReadSubset {
  readonly subset: Subset
  readonly tasks: readonly ArcTask[]
  /** Number of test pairs without an answer. */
  readonly unknown: number
}

/** Everything read for a set. */
export interface ReadSet {
  readonly subsets: readonly ReadSubset[]
  /**
   * Files with their SHA-256; a folder of tasks counts as one file, hashed over the names and checksums of its files.
   */
  readonly files: readonly SourceFile[]
}

/**
 * An evaluation task of ARC-AGI-1 that is a training task of ARC-AGI-2. Both repositories name their folders `training`
 * and `evaluation`; this task distinguishes them.
 */
const TELLTALE = '00576224'

/**
 * Reads the subsets of a set, in either layout.
 *
 * @throws UserError with file and position of the fault, and when a task name occurs in two subsets.
 */
export function readSet(dir: string, { set, subsets }: SetPlan): ReadSet {
  const files: SourceFile[] = []
  const places = new Map<string, string>()
  const read = subsets.map((subset): ReadSubset => {
    const found = findSubset(dir, subset, set)
    const tasks = found.kind === 'combined' ? readCombined(found, files) : readFolder(found, files)
    const place = found.kind === 'combined' ? found.challenges : found.folder
    for (const { name } of tasks) {
      const earlier = places.get(name)
      if (earlier !== undefined)
        throw new UserError({
          where: `${place}, task ${name}`,
          expected: 'each task name in one subset',
          found: `the same name in ${earlier}`,
          todo: "Check that no folder belongs to another set: ARC-AGI-2's training tasks contain ARC-AGI-1's evaluation tasks.",
        })
      places.set(name, place)
    }
    checkSet(tasks, subset, set, place)
    const unknown = tasks.reduce((sum, { test }) => sum + test.filter(({ output }) => output === null).length, 0)
    return { subset, tasks: [...tasks].sort((a, b) => compare(a.name, b.name)), unknown }
  })
  return { subsets: read, files }
}

/** Reads the file of one task. @throws UserError with file and position of the fault. */
export function readTask(file: string): ArcTask & { readonly sha256: string } {
  const { value, sha256: checksum } = readStrictJson(file)
  const name = path.basename(file, '.json')
  return { ...checkTask(name, value, `${file}, task ${name}`), sha256: checksum }
}

function readFolder({ folder, files }: SubsetFiles & { kind: 'folder' }, sources: SourceFile[]): ArcTask[] {
  const first = new Map<string, string>()
  const sums: string[] = []
  const tasks = files.map((file) => {
    const { sha256: checksum, ...task } = readTask(file)
    const earlier = first.get(task.name)
    if (earlier !== undefined)
      throw new UserError({ where: file, expected: 'each task once', found: `${task.name} in ${earlier} too` })
    first.set(task.name, file)
    sums.push(`${task.name} ${checksum}\n`)
    return task
  })
  sources.push({ path: folder, sha256: sha256(sums.join('')) })
  return tasks
}

function readCombined({ challenges, solutions }: SubsetFiles & { kind: 'combined' }, sources: SourceFile[]): ArcTask[] {
  const read = readStrictJson(challenges)
  sources.push({ path: challenges, sha256: read.sha256 })
  const entries = Object.entries(object(read.value, challenges, 'an object of tasks'))
  if (entries.length === 0) throw new UserError({ where: challenges, expected: 'tasks', found: 'none' })
  const tasks = entries.map(([name, task]) => checkTask(name, task, `${challenges}, task ${name}`))
  if (solutions === null) return tasks
  const answers = readStrictJson(solutions)
  sources.push({ path: solutions, sha256: answers.sha256 })
  return withSolutions(tasks, object(answers.value, solutions, 'an object of solutions'), challenges, solutions)
}

function withSolutions(tasks: ArcTask[], answers: JsonObject, challenges: string, solutions: string): ArcTask[] {
  const names = new Set(tasks.map(({ name }) => name))
  const stray = Object.keys(answers).find((name) => !names.has(name))
  if (stray !== undefined)
    throw new UserError({
      where: `${solutions}, task ${stray}`,
      expected: `solutions of tasks in ${challenges}`,
      found: 'no such task',
    })
  return tasks.map((task) => {
    const where = `${solutions}, task ${task.name}`
    const grids = Object.hasOwn(answers, task.name) ? answers[task.name] : undefined
    if (!Array.isArray(grids)) throw new UserError({ where, expected: 'a list of grids', found: kindOf(grids) })
    if (grids.length !== task.test.length)
      throw new UserError({
        where,
        expected: `${task.test.length} grids, one for each test input`,
        found: String(grids.length),
      })
    const test = task.test.map(({ input, output }, i) => {
      const answer = checkGrid(grids[i], `${where}, [${i}]`)
      if (output !== null && !sameGrid(output, answer))
        throw new UserError({
          where: `${where}, [${i}]`,
          expected: `the output given in ${challenges}`,
          found: 'another',
        })
      return { input, output: answer }
    })
    return { ...task, test }
  })
}

function checkSet(tasks: readonly ArcTask[], subset: Subset, set: SetName, place: string): void {
  const wrong = set === 'arc-1' ? 'training' : 'evaluation2'
  if (subset !== wrong || !tasks.some(({ name }) => name === TELLTALE)) return
  const other = set === 'arc-1' ? 'arc-2' : 'arc-1'
  throw new UserError({
    where: `${place}, task ${TELLTALE}`,
    expected: `${subset} of ${SETS[set].title}`,
    found: `that of ${SETS[other].title}`,
    todo: `Give ${SETS[set].title}'s folder, or set=${other}. Never train on one and test on the other.`,
    exitCode: 2,
  })
}
