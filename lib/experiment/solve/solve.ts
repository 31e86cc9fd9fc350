import { startBackend } from '../../backend/index.js'
import { resolveConfig } from '../../config/resolved.js'
import type { Config } from '../../config/schema.js'
import type { Batch, Dataset } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import { evaluateSteps } from '../../evaluate/steps.js'
import { shapeOfWeights, type WeightsFile } from '../../interop/weights-file.js'
import { choosesToHalt } from '../../model/halting.js'
import { disposeModel, type Model, modelFromTensors } from '../../model/model.js'
import { currentHost } from '../../notebook/host.js'
import type { Mark } from '../../plot/puzzle-board.js'
import type { StoredWeights } from '../../results/weights-file.js'
import type { PosedPuzzle, PuzzleText, Verdict } from '../../tasks/posed.js'
import { findTask, pose, recognise, taskNamed } from '../../tasks/registry.js'
import type { PuzzleSpec } from '../../tasks/task.js'
import { dtypeAtDepth, dtypeOrFloat32 } from '../run/dtype.js'
import { onForcedStop } from '../run/stop.js'
import { checkFinite, openWeights, shapeForData, type WeightsOptions } from '../run/weights.js'
import { findIdentifier, type Identifier } from './solve-identifier.js'
import { puzzleText } from './solve-puzzle.js'

/** Options of {@link solve}. */
export interface SolveOptions extends WeightsOptions {
  /** The data set that names the model's puzzle identifiers; default: the one that the weights were trained on. */
  readonly data?: Dataset
  /** Supervision steps; default: the configuration's `evalSupervisionSteps`. */
  readonly supervisionSteps?: number
  /** Index of the test input of an ARC task, or of the line of a file of Sudokus, from 0. */
  readonly input?: number
  /** Name of the ARC task, if a file has several, or is not named after its identifier. */
  readonly task?: string
  /** When aborted, the steps end after the current one. Default: aborted when the user stops the notebook cell. */
  readonly signal?: AbortSignal
}

/** A puzzle after one supervision step. */
export interface SolveStep {
  /** Counted from 1. */
  readonly step: number
  /** sigmoid(q_halt) */
  readonly haltProbability: number
  /** Whether the model would halt here in training: q_halt > 0, or q_halt > q_continue. */
  readonly halts: boolean
  /** `[seqLen]` tokens. */
  readonly prediction: Uint8Array
  /** `[seqLen]` */
  readonly marks: readonly Mark[]
  /** Number of cells that changed since the previous step; 0 at the first step. */
  readonly changed: number
  /** Number of cells known to be wrong. */
  readonly wrong: number
  readonly verdict: Verdict
}

/** A puzzle and the model that solves it. */
export interface Solving {
  readonly puzzle: PosedPuzzle
  readonly file: WeightsFile
  /** Row of the puzzle embedding. */
  readonly identifier: Identifier
  /** Supervision steps. */
  readonly supervisionSteps: number
  /** Assumptions made, one sentence each. */
  readonly notes: readonly string[]
  /**
   * Runs the model step by step; it can be called once. Its tensors are freed when the generator ends or is closed.
   *
   * @throws Interrupted at the first step after a stop.
   */
  run(): Generator<SolveStep, void>
}

/**
 * Prepares the model of a stored run or of a file of weights for a puzzle.
 *
 * @param runOrFile a file (official ones too); else a run's folder, ID or a prefix of an ID; else a name of weights, e.g.
 * `sudoku-6x6`
 * @param puzzle a puzzle in the format of the weights' task (a line of a Sudoku, a maze, an ARC task as JSON), or a file
 * with one
 * @example
 * for (const { step, verdict } of (await solve('results/runs/2026…', '1...............')).run()) console.log(step, verdict)
 * @throws UserError if the weights cannot be read, or the puzzle does not fit the model.
 */
export async function solve(runOrFile: string, puzzle: string, options: SolveOptions = {}): Promise<Solving> {
  const { posed, config, model, ...opened } = await openPuzzle('solve', runOrFile, puzzle, options)
  const { evaluation, training } = resolveConfig(config)
  const supervisionSteps = options.supervisionSteps ?? evaluation.evalSupervisionSteps
  const { dtype, note } = dtypeOrFloat32(dtypeAtDepth(training.dtype, config, options.supervisionSteps), config.mixer)
  const { id } = opened.identifier
  const signal = (): AbortSignal | undefined => options.signal ?? currentHost()?.signal
  return {
    ...opened,
    puzzle: posed,
    supervisionSteps,
    notes: [...opened.notes, ...(note ? [note] : [])],
    run: () => run(posed, id, supervisionSteps, model().with({ dtype }), signal()),
  }
}

/** A puzzle with the model of some weights. */
export interface OpenedPuzzle {
  readonly posed: PosedPuzzle
  readonly file: StoredWeights
  readonly config: Config
  readonly identifier: Identifier
  /** Assumptions made, one sentence each. */
  readonly notes: readonly string[]
  /** Returns a new model in float32, which the caller disposes. */
  model(): Model
}

/**
 * Opens the weights of a stored run or file, and reads a puzzle of their task.
 *
 * @param caller name of the function in errors
 * @throws UserError if the weights cannot be read, or the puzzle does not fit the model.
 */
export async function openPuzzle(
  caller: string,
  runOrFile: string,
  puzzle: string,
  options: Pick<SolveOptions, keyof WeightsOptions | 'data' | 'input' | 'task'>,
): Promise<OpenedPuzzle> {
  const shown = puzzle.length > 20 ? `${puzzle.slice(0, 20)}…` : puzzle
  const { file, config } = await openWeights(runOrFile, options, (name) => `${caller}('${name}', '${shown}', `)
  const { data } = options
  const text = puzzleText(puzzle)
  const posed = pose(specOf(file, config, text, data), text, { input: options.input, task: options.task })
  const shape = shapeOfWeights(file, posed.input.length)
  const identifier = await findIdentifier(file, posed, shape, data)
  checkFinite(file, file.tensors)
  await startBackend()
  const notes = [...file.notes, ...posed.notes, ...identifier.notes]
  return { posed, file, config, identifier, notes, model: () => modelFromTensors(shape, file.tensors) }
}

/** Returns a puzzle as a batch of one row, without labels. */
export function puzzleBatch(input: ArrayLike<number>, identifier: number): Batch {
  return {
    size: 1,
    seqLen: input.length,
    inputs: Int32Array.from(input),
    labels: new Int32Array(input.length),
    puzzleIds: Int32Array.of(identifier),
    rows: Int32Array.of(0),
    versions: Int32Array.of(0),
  }
}

function* run(
  puzzle: PosedPuzzle,
  identifier: number,
  supervisionSteps: number,
  model: Model,
  signal: AbortSignal | undefined,
): Generator<SolveStep, void> {
  const batch = puzzleBatch(puzzle.input, identifier)
  let before: Uint8Array | null = null
  const release = onForcedStop(() => disposeModel(model))
  try {
    for (const { step, predictions, qHalt, qContinue } of evaluateSteps(
      model,
      model.weights,
      batch,
      supervisionSteps,
    )) {
      const prediction = Uint8Array.from(predictions)
      const wrong = puzzle.marks(prediction)
      const marks = wrong.map((mark, cell): Mark => {
        if (mark === 'wrong') return mark
        return before !== null && before[cell] !== prediction[cell] ? 'changed' : 'none'
      })
      const last: Uint8Array | null = before
      const changed = last === null ? 0 : prediction.filter((token, cell) => token !== last[cell]).length
      yield {
        step,
        haltProbability: 1 / (1 + Math.exp(-qHalt[0]!)),
        halts: choosesToHalt(model.shape, qHalt[0]!, qContinue[0]!),
        prediction,
        marks,
        changed,
        wrong: wrong.filter((mark) => mark === 'wrong').length,
        verdict: puzzle.judge(prediction),
      }
      before = prediction
      if (signal?.aborted) throw new Interrupted(`stopped at step ${step} of ${supervisionSteps}`)
    }
  } finally {
    release()
    disposeModel(model)
  }
}

/**
 * Returns the task and sizes of the weights' puzzles: from the given data set, else from the weights' configuration;
 * official weights without a task in their configuration are recognised by their sizes.
 */
function specOf(file: WeightsFile, config: Config, text: PuzzleText, data: Dataset | undefined): PuzzleSpec {
  const name = file.config.task
  if (data) {
    shapeForData(file, data.manifest)
    return data.manifest
  }
  const { vocabSize, seqLen } = file.sizes
  const among = name === undefined ? undefined : [taskNamed(name)]
  const likely = (length: number | null) => recognise({ vocabSize, seqLen: length }, null, among)
  const found = likely(seqLen) ?? (seqLen === null ? likely(lengthOf(text)) : null)
  if (name !== undefined) {
    const { options = {}, seqLen: length = seqLen ?? lengthOf(text) } = found ?? {}
    return { task: name, vocabSize, seqLen: length, options: { ...options, ...generatedOptions(config) } }
  }
  if (found) return { vocabSize, ...found }
  throw new UserError({
    where: file.file,
    expected: 'weights with a task in their configuration, or with the sizes of a known task',
    found: `weights for ${seqLen ?? 'an unknown number of'} tokens and a vocabulary of ${vocabSize}`,
    todo: 'Name a configuration with the key task by config=FILE, or the data set by data=DIR.',
  })
}

/** Returns a configuration's options of generated data. */
function generatedOptions(config: Config): Record<string, unknown> {
  const keys = Object.entries(findTask(config.task)?.builder?.keys ?? {}) as [keyof Config, string][]
  return Object.fromEntries(keys.flatMap(([key, option]) => (config[key] === null ? [] : [[option, config[key]]])))
}

/** Counts the tokens of a written puzzle: its cells on one line, or a square of lines. */
function lengthOf({ text }: PuzzleText): number {
  const [first = '', ...more] = text.replace(/\n+$/, '').split('\n')
  return more.length > 0 ? (more.length + 1) ** 2 : first.split(':')[0]!.length
}
