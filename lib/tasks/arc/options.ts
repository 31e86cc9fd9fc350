import { z } from 'zod'
import { UserError } from '../../errors.js'
import { parseOptions } from '../../options/options.js'
import { nothingAsked } from '../option-errors.js'
import { LARGEST } from './grid.js'
import { planSet, type SetName, type SetPlan, SUBSETS } from './sets.js'

const names = z
  .union([z.array(z.string()).readonly(), z.string()], { error: 'comma-separated names' })
  .transform((value) => (typeof value === 'string' ? value.split(',').map((name) => name.trim()) : value))

/** Schema of the options of an ARC data set; the same keys in TypeScript and on the command line. */
export const arcOptions = z.strictObject({
  set: z
    .enum(['generated', 'arc-1', 'arc-2'])
    .default('generated')
    .describe('ARC-AGI-1 or ARC-AGI-2, each with ConceptARC, from files; or generated tasks like them.'),
  dir: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Folder with …_{subset}_challenges.json and …_{subset}_solutions.json, or a folder of JSON files per subset.',
    ),
  subsets: names
    .optional()
    .describe('Subsets to read, e.g. training,evaluation. Default: all of the set, including concept.'),
  test: z
    .union([z.int().min(0), z.enum(SUBSETS)], { error: `a number, or one of ${SUBSETS.join(', ')}` })
    .optional()
    .describe(
      'Subset whose test pairs are the test set. Default: evaluation (evaluation2). With set=generated, a number. Default: 50.',
    ),
  train: z.int().min(0).max(100_000).optional().describe('Number of generated training tasks. Default: 100.'),
  augment: z
    .int()
    .min(0)
    .max(100_000)
    .optional()
    .describe('Maximum versions of each task beside itself. Default: 1000 for files, 10 for generated tasks.'),
  identifiers: z
    .string()
    .min(1)
    .optional()
    .describe('A published identifiers.json, which fixes the versions and their row numbers.'),
  twins: z
    .enum(['skip', 'refuse', 'keep'])
    .default('skip')
    .describe('Policy for a training task that contains a test pair of another task.'),
  families: names
    .optional()
    .describe('Families of rules that tasks are generated from, e.g. mirror,gravity. Default: all.'),
  board: z
    .int()
    .min(3)
    .max(LARGEST)
    .optional()
    .describe('Side of the board of generated tasks. Default: 30, as for files.'),
  size: z
    .int()
    .min(3)
    .max(LARGEST)
    .optional()
    .describe('Maximum height and width of generated grids. Default: 10, or the board if that is smaller.'),
  seed: z.int().min(0).default(0).describe('Seed of versions, translations and generated tasks.'),
})

/** Options as written; omitted ones take their defaults. */
export type ArcOptions = z.input<typeof arcOptions>

/** Checked options of a data set. */
export interface ArcPlan {
  readonly seed: number
  readonly augment: number
  readonly twins: 'skip' | 'refuse' | 'keep'
  readonly board: number
  readonly source:
    | ({ readonly kind: 'files'; readonly dir: string; readonly identifiers: string | null } & SetPlan)
    | {
        readonly kind: 'generated'
        readonly train: number
        readonly test: number
        readonly size: number
        readonly families: readonly string[] | undefined
      }
  /** Options with defaults, as stored in the manifest. */
  readonly stored: Record<string, unknown>
}

/** Checks options. @throws UserError naming the key that is invalid, unknown or conflicts with another. */
export function planArc(input: ArcOptions): ArcPlan {
  const options = parseOptions(arcOptions, input, 'an ARC data set')
  return options.set === 'generated' ? planGenerated(options) : planFiles(options, options.set)
}

type Parsed = z.output<typeof arcOptions>

function planFiles(options: Parsed, set: SetName): ArcPlan {
  const { dir, subsets, test, augment, identifiers, twins, seed } = options
  for (const key of ['train', 'families', 'board', 'size'] as const)
    if (options[key] !== undefined) throw wrongKey(key, 'set=generated beside it', `set=${set}`)
  if (typeof test === 'number') throw wrongKey('test', 'a subset (a number goes with set=generated)', String(test))
  const plan = planSet(set, subsets, test)
  if (dir === undefined)
    throw wrongKey('dir', `the folder that holds ${set}`, 'none', 'recurlab data fetch says where the files are.')
  if (identifiers !== undefined && augment !== undefined)
    throw wrongKey('augment', 'identifiers or augment: the list names the versions', 'both')
  const versions = augment ?? 1000
  const made = identifiers === undefined ? { augment: versions } : { identifiers }
  return {
    seed,
    augment: versions,
    twins,
    board: LARGEST,
    source: { kind: 'files', dir, identifiers: identifiers ?? null, ...plan },
    stored: { set, dir, subsets: plan.subsets, test: plan.test, ...made, twins, seed },
  }
}

function planGenerated(options: Parsed): ArcPlan {
  const { seed, twins, families, board = LARGEST, augment = 10, train = 100, test = 50 } = options
  for (const key of ['dir', 'subsets', 'identifiers'] as const)
    if (options[key] !== undefined) throw wrongKey(key, 'set=arc-1 or set=arc-2 beside it', 'set=generated')
  if (typeof test !== 'number') throw wrongKey('test', 'a number of generated tasks', test)
  const size = options.size ?? Math.min(10, board)
  if (size > board) throw wrongKey('size', `at most the board's ${board}`, String(size))
  if (train + test === 0) throw nothingAsked('tasks', '0 of both')
  return {
    seed,
    augment,
    twins,
    board,
    source: { kind: 'generated', train, test, size, families },
    stored: { set: 'generated', train, test, augment, ...(families ? { families } : {}), board, size, seed },
  }
}

function wrongKey(key: string, expected: string, found: string, todo?: string): UserError {
  return new UserError({ where: `key ${key}`, expected, found, ...(todo ? { todo } : {}), exitCode: 2 })
}
