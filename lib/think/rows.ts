import { emptyBatch, ignoreLabels } from '../data/batch.js'
import type { Batch, Dataset } from '../data/dataset.js'
import { type ExampleVersion, evaluatedExamples, putEvaluated } from '../data/evaluation-batches.js'
import { UserError } from '../errors.js'
import { Random } from '../random.js'
import { symmetriesOf } from '../tasks/registry.js'
import type { GridSymmetry, Symmetries } from '../tasks/task.js'
import { type StreamKey, streamOf } from './noise.js'
import type { RolloutSettings } from './settings.js'

/** Which puzzles of a data set are thought about. */
export interface RolloutChoice {
  /** Default `test`. */
  readonly split?: 'train' | 'test' | undefined
  /** Indices of examples in their split, in the order in which they are computed. Default: all, in order. */
  readonly puzzles?: readonly number[] | undefined
  /** Maximum versions of each puzzle, itself first. Default: all that the data set fixes; only the puzzle itself if they are unlimited. */
  readonly versions?: number | undefined
  /** When aborted, no further supervision step begins. */
  readonly signal?: AbortSignal | undefined
}

/** A version of a puzzle, as a batch of one row. */
export interface PosedPuzzle {
  readonly example: number
  readonly version: number
  /** The question as stored, the labels with unknown ones ignored. */
  readonly batch: Batch
}

/** One rollout of a version of a puzzle, before its first supervision step. */
export interface RolloutRow {
  readonly posed: PosedPuzzle
  readonly rollout: number
  /** `[seqLen]` the input, relabelled or turned. */
  readonly inputs: Int32Array
  /** The symmetry that made the input from the question; null: none. */
  readonly symmetry: GridSymmetry | null
  readonly stream: StreamKey
}

/** A rollout's answer after a step, judged. */
export interface RowAnswer {
  /** `[seqLen]`, turned back. */
  readonly tokens: Uint8Array
  readonly hash: bigint
  readonly exact: number
  readonly rightCells: number
  readonly scoredCells: number
  /** 0 or 1 by criterion. */
  readonly criteria: Readonly<Record<string, number>>
  /** Number of cells that differ from the answer before. */
  readonly changed: number
  /** Consecutive steps without a change. */
  readonly unchanged: number
}

/** A rollout that is being computed. */
export interface RunningRow {
  readonly row: RolloutRow
  /** Supervision steps taken. */
  step: number
  /** The answer after them; null before the first. */
  answer: RowAnswer | null
}

/**
 * Yields the chosen puzzles.
 *
 * @throws UserError (exit code 2) for a choice that the data set does not have.
 */
export function* posedPuzzles(data: Dataset, choice: RolloutChoice): Generator<PosedPuzzle, void> {
  const split = data[choice.split ?? 'test']
  for (const { example, version } of chosen(data, choice)) {
    const batch = emptyBatch(1, split.seqLen)
    putEvaluated(batch, 0, data, split, example, version)
    ignoreLabels(batch, data.manifest)
    yield { example, version, batch }
  }
}

/** Yields the rollouts of the chosen puzzles, all of a puzzle before the next puzzle. */
export function* rolloutRows(
  data: Dataset,
  settings: RolloutSettings,
  choice: RolloutChoice,
): Generator<RolloutRow, void> {
  const pose = rowMaker(data, settings, choice)
  for (const posed of posedPuzzles(data, choice))
    for (let rollout = 0; rollout < settings.rollouts; rollout++) yield pose(posed, rollout)
}

/** Returns the function that makes one rollout of a puzzle. @throws UserError for `relabel` in a task without symmetries. */
export function rowMaker(
  { manifest }: Dataset,
  { seed, relabel }: RolloutSettings,
  { split = 'test' }: RolloutChoice,
): (posed: PosedPuzzle, rollout: number) => RolloutRow {
  const symmetries = relabel ? symmetriesOf(manifest) : null
  if (relabel && symmetries === null)
    throw new UserError({
      where: 'key relabel',
      expected: 'a task whose puzzles can be relabelled or turned',
      found: `task=${manifest.task}, which has no symmetries`,
      todo: 'Leave relabel out; versions that the data set fixes are chosen by versions.',
      exitCode: 2,
    })
  return (posed, rollout) => {
    const { example, version, batch } = posed
    const symmetry =
      symmetries && rollout > 0 ? symmetryOf(symmetries, rollout, [seed, 'symmetry', split, example, version]) : null
    return {
      posed,
      rollout,
      inputs: symmetry ? applied(symmetry, batch.inputs) : batch.inputs,
      symmetry,
      stream: streamOf(seed, 'rollout', split, example, version, rollout),
    }
  }
}

/** Returns the symmetry of a rollout: of a list, one after the other from a random place, so that none repeats early. */
function symmetryOf(symmetries: Symmetries, rollout: number, key: (number | string)[]): GridSymmetry | null {
  if (typeof symmetries === 'function') return symmetries(Random.of(...key, rollout))
  const others = symmetries.length - 1
  if (others === 0 || rollout % symmetries.length === 0) return null
  const turn = (rollout % symmetries.length) - 1
  return symmetries[1 + ((Random.of(...key).int(others) + turn) % others)]!
}

function applied({ cells, tokens }: GridSymmetry, inputs: Int32Array): Int32Array {
  return inputs.map((_, cell) => tokens[inputs[cells[cell]!]!]!)
}

/** Writes an answer to a relabelled or turned puzzle as the answer to the puzzle itself. */
export function turnBack(symmetry: GridSymmetry | null, answer: ArrayLike<number>, into: Uint8Array): void {
  if (symmetry === null) {
    into.set(answer)
    return
  }
  const { cells, tokens } = symmetry
  const back = new Uint8Array(tokens.length)
  for (let token = 0; token < tokens.length; token++) back[tokens[token]!] = token
  for (let cell = 0; cell < answer.length; cell++) into[cells[cell]!] = back[answer[cell]!]!
}

function chosen(data: Dataset, { split = 'test', puzzles, versions }: RolloutChoice): Iterable<ExampleVersion> {
  const refuse = (where: string, expected: string, found: string): UserError =>
    new UserError({ where, expected, found, exitCode: 2 })
  if (versions !== undefined && !(Number.isInteger(versions) && versions >= 1))
    throw refuse('key versions', 'a whole number of 1 or more', String(versions))
  const { count } = data[split]
  if (count === 0) throw refuse('think', `puzzles in the ${split} split`, 'none')
  if (puzzles === undefined) return evaluatedExamples(data, { split, versions })
  const wanted = new Map<number, number[]>(puzzles.map((puzzle) => [puzzle, []]))
  for (const puzzle of wanted.keys())
    if (!(Number.isInteger(puzzle) && puzzle >= 0 && puzzle < count))
      throw refuse('key puzzles', `numbers of puzzles from 0 to ${count - 1}, the ${split} split's`, String(puzzle))
  if (wanted.size < puzzles.length) throw refuse('key puzzles', 'each puzzle once', 'one twice')
  if (wanted.size === 0) throw refuse('key puzzles', 'at least one puzzle', 'none')
  for (const { example, version } of evaluatedExamples(data, { split, versions })) wanted.get(example)?.push(version)
  return puzzles.flatMap((example) => wanted.get(example)!.map((version) => ({ example, version })))
}
