import type { Dataset, DatasetManifest } from '../data/dataset.js'
import { blankOnly } from '../data/identifiers.js'
import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import { arcTask } from './arc/task.js'
import { numberLook, type PuzzleLook, shapeOf, symbolLook } from './look.js'
import { mazeTask } from './maze/task.js'
import type { PosedPuzzle, PuzzleChoice, PuzzleText } from './posed.js'
import { queensTask } from './queens/task.js'
import { sudokuTask } from './sudoku/task.js'
import { poseSymbols } from './symbols.js'
import type { Judge, PublishedSizes, PuzzleSpec, StoredParts, Symmetries, Task, TaskParts } from './task.js'
import { tokensTask } from './tokens/task.js'
import type { Votes, VotesOptions } from './votes.js'

/** Tasks of this library. A published folder belongs to the first task that recognises it. */
const TASKS: readonly Task[] = [sudokuTask, mazeTask, arcTask, queensTask, tokensTask]

// Kept on the process, not in this module: an edit that reloads the module in a notebook must not forget tasks of
// cells.
const DEFINED = Symbol.for('recurlab.tasks')
const kept = globalThis as { [DEFINED]?: Map<string, Task> }

/** Tasks defined by cells in this process. */
const defined = kept[DEFINED] ?? new Map<string, Task>()
kept[DEFINED] = defined

/** Returns all tasks: those of the library, and those defined by cells. */
export function allTasks(): readonly Task[] {
  return [...TASKS, ...defined.values()]
}

/** Returns the names of all tasks. */
export function taskNames(): string[] {
  return allTasks().map(({ name }) => name)
}

/** Returns whether a task belongs to the library, so that no cell can define it. */
export function isLibraryTask(name: string): boolean {
  return TASKS.some((task) => task.name === name)
}

/** Registers a task in this process; it replaces a task that a cell defined under the same name. */
export function registerTask(task: Task): void {
  defined.set(task.name, task)
}

/** Returns the task of a name, or undefined. */
export function findTask(name: string): Task | undefined {
  return allTasks().find((task) => task.name === name)
}

/**
 * Returns the task of a name.
 *
 * @param where position of the name, for the error. Default: the configuration's key
 * @throws UserError that suggests the nearest task, and says how a task is registered.
 */
export function taskNamed(name: string, where = 'key task'): Task {
  const task = findTask(name)
  if (task) return task
  const names = taskNames()
  const near = didYouMean(name, names)
  const unknown = `run the cell that defines it, defineTask({ name: '${name}', … }), or give it a folder lib/tasks/${name} and a line in lib/tasks/registry.ts.`
  throw new UserError({
    where,
    expected: `one of the tasks ${names.join(', ')}`,
    found: name,
    todo: near ? `${near} Else ${unknown}` : `${unknown.charAt(0).toUpperCase()}${unknown.slice(1)}`,
    exitCode: 2,
  })
}

/** Returns the task of a data set. @throws UserError when its manifest names an unknown one. */
function taskOf({ task }: Pick<DatasetManifest, 'task'>): Task {
  return taskNamed(task, 'manifest of the data set, key task')
}

/** Returns the parts of a data set that its task determines. @throws UserError when they contradict the task. */
export function openParts(manifest: DatasetManifest, stored: StoredParts): TaskParts {
  const task = taskOf(manifest)
  return task.open ? task.open(manifest, stored) : { augment: null, identifiers: blankOnly, testTasks: null }
}

/** Returns the look of a data set's puzzles. @throws UserError when the manifest contradicts its task. */
export function lookOf(spec: PuzzleSpec): PuzzleLook {
  const task = findTask(spec.task)
  if (task?.look) return task.look(spec)
  const symbols = task?.symbols?.(spec)
  return symbols ? symbolLook(shapeOf(spec.seqLen), symbols) : numberLook(spec.seqLen, spec.vocabSize)
}

/** Describes a token of a data set in words. */
export function tokenMeaning(spec: PuzzleSpec & Pick<DatasetManifest, 'padId'>, token: number): string {
  if (token === spec.padId) return 'padding'
  const task = findTask(spec.task)
  return task?.meaning?.(token) ?? task?.symbols?.(spec)[token - 1] ?? `token ${token}`
}

/** Returns the judge of a data set's answers; null when only the stored answer is correct. */
export function judgeOf(spec: PuzzleSpec): Judge | null {
  return findTask(spec.task)?.judge?.of(spec) ?? null
}

/** Returns the symmetries of a data set's grids; null when its task has none. */
export function symmetriesOf(spec: PuzzleSpec): Symmetries | null {
  return findTask(spec.task)?.symmetries?.(spec) ?? null
}

/** Returns the criteria of a task's judge, `valid` first; empty without a judge. */
export function criteriaOf({ task }: Pick<DatasetManifest, 'task'>): string[] {
  return Object.keys(findTask(task)?.judge?.criteria ?? {})
}

/** Returns a count of votes over the versions of a data set's test puzzles; null when they do not vote. */
export function votesOf(data: Dataset, options: VotesOptions = {}): Votes | null {
  return findTask(data.manifest.task)?.votes?.(data, options) ?? null
}

/** Returns whether any task's judge has a criterion of that name. */
export function isCriterion(name: string): boolean {
  return allTasks().some(({ judge }) => judge !== undefined && Object.hasOwn(judge.criteria, name))
}

/**
 * Parses one puzzle of a task.
 *
 * @throws UserError when the text is not a puzzle of this task, and for a task without a parser.
 */
export function pose(spec: PuzzleSpec, text: PuzzleText, choice: PuzzleChoice): PosedPuzzle {
  const task = taskNamed(spec.task)
  if (task.pose) return task.pose(spec, text, choice)
  const symbols = task.symbols?.(spec)
  if (symbols) return poseSymbols(spec, symbols, lookOf(spec), judgeOf(spec), text, choice)
  throw new UserError({
    where: text.where,
    expected: `a puzzle of a task that can be written (${allTasks()
      .filter((each) => each.pose ?? each.symbols)
      .map(({ name }) => name)
      .join(', ')})`,
    found: `one of task=${task.name}`,
  })
}

/** A task recognised by sizes, with the manifest fields that follow from them. */
export type Recognised = Pick<PuzzleSpec, 'task' | 'options' | 'seqLen'>

/**
 * Recognises the task of a published folder or of official weights, which do not name it.
 *
 * @param answer `[seqLen]` tokens of a label; null when there is none
 * @param among candidate tasks. Default: all
 * @returns null when no task is recognised
 */
export function recognise(
  sizes: PublishedSizes,
  answer: ArrayLike<number> | null,
  among: readonly Task[] = allTasks(),
): Recognised | null {
  for (const { name, published } of among) {
    const found = published?.recognise(sizes, answer)
    if (found) return { task: name, ...found }
  }
  return null
}
