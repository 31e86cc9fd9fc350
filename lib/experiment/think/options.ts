import { z } from 'zod'
import type { Config } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import type { PuzzleFit } from '../../interop/weights-check.js'
import { parseOptions } from '../../options/options.js'
import type { KeptAnswers } from '../../recording/facts.js'
import { SELECTORS, type Selector } from '../../recording/selectors.js'
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
  /** Answers that are kept: of each rollout's `last` step, `all`, or `none`. Default `last`. */
  readonly answers?: KeptAnswers
  /** Selectors that the recording will be asked for: one that it cannot answer is refused before anything is computed. */
  readonly select?: readonly Selector[]
  /**
   * Whether the numerical floor is measured: the share of puzzles whose first rollout ends in another answer in another
   * precision. Default: for at most 200 puzzles.
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
export function weightsName(runOrFile: ThinkingModel): string {
  if (typeof runOrFile === 'string' && runOrFile !== '') return runOrFile
  const { dir } = (runOrFile ?? {}) as { readonly dir?: unknown }
  if (typeof dir === 'string') return dir
  throw new UserError({
    where: 'think',
    expected: 'a run, a file of weights or a name of shipped weights',
    found: String(runOrFile),
    exitCode: 2,
  })
}

/** Returns the data set and the options of a call whose data may be left out. */
export function dataAndOptions(
  given: Dataset | ThinkOptions | undefined,
  options: ThinkOptions | undefined,
): { readonly data: Dataset | undefined; readonly options: ThinkOptions } {
  if (given === undefined || isDataset(given)) return { data: given, options: options ?? {} }
  return { data: undefined, options: given }
}

function isDataset(given: Dataset | ThinkOptions): given is Dataset {
  return 'manifest' in given && 'hash' in given
}

/** Everything that {@link ThinkOptions} may hold; weights and functions are checked where they are used. */
const thinkOptions = z.strictObject({
  ...rolloutOptions.shape,
  puzzles: z.union([z.number(), z.array(z.number())]).optional(),
  split: z.enum(['train', 'test']).optional().describe('Split to think about.'),
  versions: z.int().min(1).optional().describe('Maximum versions of each puzzle.'),
  dtype: z.enum(['auto', 'float32', 'bfloat16']).optional().describe('Type that the blocks are computed in.'),
  answers: z.enum(['last', 'all', 'none']).optional().describe('Answers that are kept.'),
  select: z
    .array(z.enum(Object.keys(SELECTORS) as [Selector]))
    .optional()
    .describe('Selectors that will be asked for.'),
  floor: z.boolean().optional().describe('Whether the numerical floor is measured.'),
  plain: z.boolean().optional().describe('Whether one deterministic rollout of each puzzle is recorded too.'),
  name: z.string().optional().describe("Name in the recording's ID."),
  ...Object.fromEntries(
    [
      ...['resultsDir', 'weights', 'checkpoint', 'configFile', 'mixer'],
      ...['puzzleEmbedding', 'onProgress', 'signal'],
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
