import { z } from 'zod'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { PuzzleFit } from '../../interop/weights-check.js'
import { parseOptions } from '../../options/options.js'
import type { KeptAnswers } from '../../recording/facts.js'
import type { Selector } from '../../recording/selectors.js'
import { type RolloutOptions, rolloutOptions } from '../../think/settings.js'
import type { WeightsOptions } from '../run/weights.js'

/** Options of {@link think}: the rollouts, the puzzles, the weights, and what is kept. */
export interface ThinkOptions extends RolloutOptions, WeightsOptions {
  /**
   * Number of puzzles, drawn at random and always the same (a larger number contains a smaller one); or indices of examples
   * in their split. Default: all.
   */
  readonly puzzles?: number | readonly number[]
  /** Default `test`. */
  readonly split?: 'train' | 'test'
  /** Maximum versions of each puzzle, itself first. Default: the configuration's `evalVersions`, else all. */
  readonly versions?: number
  /**
   * The type to compute the model in. Default float32: beyond the trained depth bfloat16 loses accuracy (Sotaku at 2,048
   * iterations: 99.05 % in float32, 92.98 % in bfloat16).
   */
  readonly dtype?: Config['dtype']
  /** Selectors that the recording must be able to answer: others are refused before anything is computed. Default: none. */
  readonly select?: Selector | readonly Selector[]
  /** Answers that are kept: of each rollout's `last` step, `all`, or `none`. Default `last`. */
  readonly answers?: KeptAnswers
  /**
   * Whether the numerical floor is measured: the share of puzzles whose first rollout ends in another answer in another
   * precision. Not for guided particles, which are not independent. Default: for at most 200 puzzles.
   */
  readonly floor?: boolean
  /**
   * Whether the model is evaluated without rollouts too, by one deterministic rollout of each puzzle, which gains are measured
   * against. Default: true where the rollouts are random.
   */
  readonly plain?: boolean
  /** The replacement for the puzzle embedding's rows; by default they stay. */
  readonly puzzleEmbedding?: PuzzleFit
  /** Name in the recording's ID. Default: that of the weights. */
  readonly name?: string
  /** Called with the supervision steps done of all rollouts, and the most that there can be. */
  readonly onProgress?: (done: number, total: number) => void
  /**
   * When aborted, the recording ends after the current supervision step and keeps the puzzles that are complete. Default:
   * aborted when the user stops the notebook cell.
   */
  readonly signal?: AbortSignal
}

/** Weights by a run's ID or prefix, a folder, a file, a name of shipped weights, or a run itself. */
export type ThinkingModel = string | { readonly dir: string }

/** Returns the name to open weights by. @throws UserError (exit code 2) for anything else. */
export function weightsName(runOrFile: ThinkingModel, where = 'think'): string {
  if (typeof runOrFile === 'string' && runOrFile !== '') return runOrFile
  const { dir } = (runOrFile ?? {}) as { readonly dir?: unknown }
  if (typeof dir === 'string') return dir
  throw new UserError({
    where,
    expected: 'a run, a file of weights or a name of shipped weights',
    found: String(runOrFile),
    exitCode: 2,
  })
}

/**
 * Returns the data set and the options of a call whose data may be left out.
 *
 * @throws UserError (exit code 2) for anything else, such as the promise of a data set.
 */
export function dataAndOptions<Options extends object>(
  given: Dataset | Options | undefined,
  options: Options | undefined,
): { readonly data: Dataset | undefined; readonly options: Partial<Options> } {
  if (given === undefined || isDataset(given)) return { data: given, options: options ?? {} }
  if (options !== undefined) throw wrongSecond('think', 'a data set before the options', given)
  return { data: undefined, options: plainObject(given, 'a data set, or options') }
}

function isDataset(given: unknown): given is Dataset {
  return typeof given === 'object' && given !== null && 'manifest' in given && 'hash' in given
}

/** @throws UserError (exit code 2) unless it is an object of keys and values, as `{ depth: 8 }`. */
function plainObject<T extends object>(given: T, expected: string): T {
  if (Object.getPrototypeOf(given ?? 0).constructor?.name === 'Object') return given
  throw wrongSecond('think', expected, given)
}

/** @throws UserError (exit code 2) for anything but a data set or undefined, such as the promise of a data set. */
export function checkDataset(call: string, given: unknown): void {
  if (given === undefined || isDataset(given)) return
  throw wrongSecond(call, 'a data set, or undefined for that of the weights', given)
}

function wrongSecond(call: string, expected: string, given: unknown): UserError {
  // A cell of a notebook has a Promise of its own.
  const isPromise = Object.prototype.toString.call(given) === '[object Promise]'
  const isOptions = typeof given === 'object' && given !== null && !isPromise
  return new UserError({
    where: `${call}, second argument`,
    expected,
    found: isPromise ? 'the promise of one' : isOptions ? 'another object' : String(given),
    ...(isPromise ? { todo: 'Put await before it.' } : {}),
    exitCode: 2,
  })
}

/** Everything that {@link ThinkOptions} may hold; weights and functions are checked where they are used. */
const thinkOptions = z.strictObject({
  ...rolloutOptions.shape,
  puzzles: z.union([z.number(), z.array(z.number())]).optional(),
  split: z.enum(['train', 'test']).optional().describe('Split to think about.'),
  versions: z.int().min(1).optional().describe('Maximum versions of each puzzle.'),
  dtype: z.enum(['auto', 'float32', 'bfloat16']).optional().describe('Type that the blocks are computed in.'),
  answers: z.enum(['last', 'all', 'none']).optional().describe('Answers that are kept.'),
  floor: z.boolean().optional().describe('Whether the numerical floor is measured.'),
  plain: z.boolean().optional().describe('Whether one deterministic rollout of each puzzle is recorded too.'),
  name: z.string().optional().describe("Name in the recording's ID."),
  ...Object.fromEntries(
    [
      ...['resultsDir', 'weights', 'checkpoint', 'configFile', 'mixer'],
      ...['puzzleEmbedding', 'select', 'onProgress', 'signal'],
    ].map((key) => [key, z.unknown().optional()]),
  ),
})

/**
 * Checks the options and returns those of the rollouts.
 *
 * @throws UserError (exit code 2) naming the first key that is unknown or has a wrong value.
 */
export function rolloutPart(options: ThinkOptions): RolloutOptions {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  parseOptions(thinkOptions, Object.fromEntries(given), 'think')
  return Object.fromEntries(given.filter(([key]) => Object.hasOwn(rolloutOptions.shape, key)))
}
