import { startBackend } from '../../backend/index.js'
import { parseConfig } from '../../config/parse.js'
import { resolveConfig } from '../../config/resolved.js'
import type { Batch, Dataset } from '../../data/dataset.js'
import { Interrupted, UserError } from '../../errors.js'
import { evaluateSteps } from '../../evaluate/steps.js'
import { shapeOfWeights, type WeightsFile } from '../../interop/weights-file.js'
import { choosesToHalt } from '../../model/halting.js'
import { disposeModel, type Model, modelFromTensors } from '../../model/weights.js'
import { currentHost } from '../../notebook/host.js'
import type { Mark } from '../../plot/puzzle-board.js'
import { readWeightsOf } from '../../results/weights-file.js'
import { BOXES, type Box, geometry } from '../../tasks/sudoku/box.js'
import { vocabularySize } from '../../tasks/sudoku/tokens.js'
import { dtypeOrFloat32 } from '../run/dtype.js'
import { onForcedStop } from '../run/stop.js'
import { checkFinite } from '../run/weights.js'
import { poseArc } from './solve-arc.js'
import { findIdentifier, type Identifier } from './solve-identifier.js'
import { poseMaze } from './solve-maze.js'
import { type PosedPuzzle, type PuzzleText, puzzleText, type Verdict } from './solve-puzzle.js'
import { poseSudoku } from './solve-sudoku.js'

/** How a puzzle is solved. */
export interface SolveOptions {
  /** Folder that holds `runs`; default `results`, in a notebook that of the project. */
  readonly resultsDir?: string
  /** The data set that names the model's puzzle identifiers; default the one that the weights were trained on. */
  readonly data?: Dataset
  /** Which weights, where there are two sets; default `ema`. */
  readonly weights?: 'ema' | 'live'
  /** The configuration of a file that carries none (`all_config.yaml`, `config.json`). */
  readonly configFile?: string
  /** Supervision steps; default the configuration's `evalSupervisionSteps`. */
  readonly supervisionSteps?: number
  /** Which test input of an ARC task, or which line of a file of Sudokus, from 0. */
  readonly input?: number
  /** Name of the ARC task, where a file has several, or its own name is not the one that the identifiers have. */
  readonly task?: string
  /** When aborted, the steps end after the one that is being computed. Default: when the user stops the notebook's cell. */
  readonly signal?: AbortSignal
}

/** A puzzle after one supervision step. */
export interface SolveStep {
  /** From 1. */
  readonly step: number
  /** sigmoid(q_halt) */
  readonly haltProbability: number
  /** Whether the model would halt here in training: on q_halt > 0, or > q_continue. */
  readonly halts: boolean
  /** `[seqLen]` tokens. */
  readonly prediction: Uint8Array
  /** `[seqLen]` */
  readonly marks: readonly Mark[]
  /** Cells that are not as after the step before; 0 at the first step. */
  readonly changed: number
  /** Cells that are known to be wrong. */
  readonly wrong: number
  readonly verdict: Verdict
}

/** A puzzle and the model that is to solve it. */
export interface Solving {
  readonly puzzle: PosedPuzzle
  readonly file: WeightsFile
  /** Row of the puzzle embedding. */
  readonly identifier: Identifier
  /** Supervision steps. */
  readonly supervisionSteps: number
  /** What was assumed, one sentence each. */
  readonly notes: readonly string[]
  /**
   * Runs the model step by step; once. What it holds is freed when the steps end or are left.
   *
   * @throws Interrupted at the first step after it was stopped.
   */
  run(): Generator<SolveStep, void>
}

/**
 * Prepares a stored run's model, or that of a file of weights, for a puzzle.
 *
 * @param runOrFile a file (official ones too); else a run's folder, ID or the beginning of one
 * @param puzzle a Sudoku's line, a maze, an ARC task as JSON, or a file with one: whatever the model is for
 * @example
 * for (const { step, verdict } of (await solve('results/runs/2026…', '1...............')).run()) console.log(step, verdict)
 * @throws UserError when the weights cannot be read, or the puzzle is none for this model.
 */
export async function solve(runOrFile: string, puzzle: string, options: SolveOptions = {}): Promise<Solving> {
  const { resultsDir, weights, configFile, data } = options
  const file = await readWeightsOf(runOrFile, {
    ...(resultsDir === undefined ? {} : { resultsDir }),
    ...(weights === undefined ? {} : { weights }),
    ...(configFile === undefined ? {} : { config: configFile }),
  })
  const config = parseConfig(file.config)
  const { evaluation, training } = resolveConfig(config)
  const posed = pose(file, puzzleText(puzzle), options)
  const shape = shapeOfWeights(file, posed.input.length)
  const identifier = await findIdentifier(file, posed, shape, data)
  checkFinite(file, file.tensors)
  await startBackend()
  const supervisionSteps = options.supervisionSteps ?? evaluation.evalSupervisionSteps
  const { dtype, note } = dtypeOrFloat32(training.dtype)
  const notes = [...file.notes, ...posed.notes, ...identifier.notes, ...(note ? [note] : [])]
  const model = (): Model => ({ ...modelFromTensors(shape, file.tensors), dtype })
  const signal = (): AbortSignal | undefined => options.signal ?? currentHost()?.signal
  return {
    puzzle: posed,
    file,
    identifier,
    supervisionSteps,
    notes,
    run: () => run(posed, identifier.id, supervisionSteps, model(), signal()),
  }
}

function* run(
  puzzle: PosedPuzzle,
  identifier: number,
  supervisionSteps: number,
  model: Model,
  signal: AbortSignal | undefined,
): Generator<SolveStep, void> {
  const { input } = puzzle
  const batch: Batch = {
    size: 1,
    seqLen: input.length,
    inputs: Int32Array.from(input),
    labels: new Int32Array(input.length),
    puzzleIds: Int32Array.of(identifier),
    rows: Int32Array.of(0),
    versions: Int32Array.of(0),
  }
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

/** Reads the puzzle as one of the task that the model's sizes tell. */
function pose(file: WeightsFile, text: PuzzleText, { data, input = 0, task }: SolveOptions): PosedPuzzle {
  const { vocabSize } = file.sizes
  const seqLen = file.sizes.seqLen ?? data?.manifest.seqLen ?? likelyLength(vocabSize, text)
  const box = Object.values(BOXES).find(
    (each) => geometry(each).cells === seqLen && vocabularySize(each) === vocabSize,
  ) as Box | undefined
  const side = Math.sqrt(seqLen)
  if (box || vocabSize === 6) refuseUnused('task', task, 'only ARC’s tasks have names')
  if (box) return poseSudoku(text, box, input)
  if (vocabSize === 6 && Number.isInteger(side)) {
    refuseUnused('input', input || undefined, 'a maze is one puzzle')
    return poseMaze(text, side)
  }
  if (vocabSize === 12 && Number.isInteger(side)) return poseArc(text, side, { input, task })
  throw new UserError({
    where: file.file,
    expected: 'a model for Sudokus, mazes or ARC',
    found: `one for ${seqLen} tokens out of ${vocabSize}`,
  })
}

function refuseUnused(option: string, value: string | number | undefined, why: string): void {
  if (value === undefined) return
  throw new UserError({
    where: option,
    expected: `nothing, as it would have no effect: ${why}`,
    found: String(value),
    todo: 'Leave it out.',
    exitCode: 2,
  })
}

/** Where neither weights nor configuration say how long puzzles are: as long as those that are usual, or as this one. */
function likelyLength(vocabSize: number, { text }: PuzzleText): number {
  if (vocabSize === 12) return 900
  const box = Object.values(BOXES).find((each) => vocabularySize(each) === vocabSize && vocabSize !== 6)
  if (box) return geometry(box).cells
  const [first = '', ...more] = text.replace(/\n+$/, '').split('\n')
  return more.length > 0 ? (more.length + 1) ** 2 : first.split(':')[0]!.length
}
