import type { DatasetManifest } from '../data/dataset.js'
import { blankOnly } from '../data/identifiers.js'
import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import { arcTask } from './arc/task.js'
import { drawTokens, numberLook, type PuzzleLook, shapeOf, symbolLook } from './look.js'
import { mazeTask } from './maze/task.js'
import type { PosedPuzzle, PuzzleChoice, PuzzleText } from './posed.js'
import { queensTask } from './queens/task.js'
import { sudokuTask } from './sudoku/task.js'
import { poseSymbols } from './symbols.js'
import type { Judge, PublishedSizes, PuzzleSpec, StoredParts, Task, TaskParts } from './task.js'
import { tokensTask } from './tokens/task.js'

/** The tasks of this library. A published folder is the first one's that recognises it. */
const TASKS: readonly Task[] = [sudokuTask, mazeTask, arcTask, queensTask, tokensTask]

/** Kept by the process, not by this module: an edit that reloads it in a notebook must not forget the tasks of cells. */
const DEFINED = Symbol.for('recurlab.tasks')
const kept = globalThis as { [DEFINED]?: Map<string, Task> }

/** Tasks that cells have defined in this process. */
const defined = kept[DEFINED] ?? new Map<string, Task>()
kept[DEFINED] = defined

/** Every task there is: those of the library, and those that cells have defined. */
export function allTasks(): readonly Task[] {
  return [...TASKS, ...defined.values()]
}

/** Names of all tasks. */
export function taskNames(): string[] {
  return allTasks().map(({ name }) => name)
}

/** Whether a task is one of the library, which no cell can define. */
export function isLibraryTask(name: string): boolean {
  return TASKS.some((task) => task.name === name)
}

/** Makes a task known in this process; one that a cell defined before under the same name is replaced. */
export function registerTask(task: Task): void {
  defined.set(task.name, task)
}

/** The task of a name; undefined when there is none. */
export function findTask(name: string): Task | undefined {
  return allTasks().find((task) => task.name === name)
}

/**
 * The task of a name.
 *
 * @param where the place of the name, for the error; default the configuration's key
 * @throws UserError naming the nearest task, and how a task becomes known.
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

/** The task of a data set. @throws UserError when its manifest names none that is known. */
export function taskOf({ task }: Pick<DatasetManifest, 'task'>): Task {
  return taskNamed(task, 'manifest of the data set, key task')
}

/** The parts of a data set that follow from its task. @throws UserError when they contradict it. */
export function openParts(manifest: DatasetManifest, stored: StoredParts): TaskParts {
  const task = taskOf(manifest)
  return task.open ? task.open(manifest, stored) : { augment: null, identifiers: blankOnly, testTasks: null }
}

/** How the puzzles of a data set are drawn. @throws UserError when the manifest contradicts its task. */
export function lookOf(spec: PuzzleSpec): PuzzleLook {
  const task = findTask(spec.task)
  if (task?.look) return task.look(spec)
  const symbols = task?.symbols?.(spec)
  return symbols ? symbolLook(shapeOf(spec.seqLen), symbols) : numberLook(spec.seqLen, spec.vocabSize)
}

/** A puzzle or an answer of a data set as text, a line a row. */
export function puzzleText(spec: PuzzleSpec, tokens: ArrayLike<number>): string {
  return drawTokens(lookOf(spec), tokens)
}

/** The meaning of a token of a data set, in words. */
export function tokenMeaning(spec: PuzzleSpec & Pick<DatasetManifest, 'padId'>, token: number): string {
  if (token === spec.padId) return 'padding'
  const task = findTask(spec.task)
  return task?.meaning?.(token) ?? task?.symbols?.(spec)[token - 1] ?? `token ${token}`
}

/** The judge of a data set's answers; null where an answer is right only if it is the stored one. */
export function judgeOf(spec: PuzzleSpec): Judge | null {
  return findTask(spec.task)?.judge?.of(spec) ?? null
}

/** Names of the criteria by which a task's answers are judged; `valid` first, none without a judge. */
export function criteriaOf({ task }: Pick<DatasetManifest, 'task'>): string[] {
  return Object.keys(findTask(task)?.judge?.criteria ?? {})
}

/** Whether any task's judge has a criterion of that name. */
export function isCriterion(name: string): boolean {
  return allTasks().some(({ judge }) => judge !== undefined && Object.hasOwn(judge.criteria, name))
}

/**
 * Reads one puzzle of a task.
 *
 * @throws UserError for text that is no puzzle of this task, and for a task that reads none.
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

/** A task that sizes tell, and what of its manifest follows from them. */
export type Recognised = Pick<PuzzleSpec, 'task' | 'options' | 'seqLen'>

/**
 * The task of a published folder or of official weights, which name none.
 *
 * @param answer `[seqLen]` tokens of a label; null where there is none
 * @param among the tasks it may be; default all
 * @returns null when none is recognised
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
