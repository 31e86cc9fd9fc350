import type { z } from 'zod'
import { optionsFromText } from '../../../config/options.js'
import { arc } from '../../../data/arc/build.js'
import { arcOptions } from '../../../data/arc/options.js'
import type { Dataset } from '../../../data/dataset.js'
import { splitFacts } from '../../../data/facts.js'
import { maze } from '../../../data/maze/build.js'
import { mazeOptions } from '../../../data/maze/options.js'
import { saveDataset } from '../../../data/store.js'
import { sudoku } from '../../../data/sudoku/build.js'
import { sudokuOptions } from '../../../data/sudoku/options.js'
import { type Args, wrongUse } from '../../command.js'
import { describeDataset, print } from './print.js'

interface Builder {
  /** For errors: `a Sudoku data set`. */
  readonly what: string
  readonly options: z.ZodObject
  /** @throws UserError for options that are wrong; they are checked by the task's own schema. */
  build(options: Record<string, unknown>): Promise<Dataset>
  readonly example: string
}

/** The tasks that data sets are built for, by name. */
const builders: Readonly<Record<string, Builder>> = {
  sudoku: {
    what: 'a Sudoku data set',
    options: sudokuOptions,
    build: sudoku,
    example: 'box=2x2 clues=5 train=200 test=300 seed=0 out=data/sudoku-4x4',
  },
  maze: {
    what: 'a maze data set',
    options: mazeOptions,
    build: maze,
    example: 'size=12 train=200 test=100 augment=dihedral out=data/maze-12',
  },
  arc: {
    what: 'an ARC data set',
    options: arcOptions,
    build: arc,
    example: 'set=arc-1 dir=ARC-AGI/data augment=1000 out=data/arc-1',
  },
}

const keysOf = ({ options }: Builder): string =>
  Object.entries(options.shape)
    .map(([key, type]) => `  ${`${key}=`.padEnd(13)} ${(type as z.ZodType).description ?? ''}`)
    .join('\n')

/** The part of `recurlab data --help` about building. */
export const buildHelp = `recurlab data build TASK out=DIR key=value … [--force] [--json]
  Generates puzzles, or takes them from files; writes train.arrow, test.arrow and manifest.json.
  --force       replace another data set that is in DIR

${Object.entries(builders)
  .map(
    ([task, builder]) =>
      `recurlab data build ${task}: keys, and an example\n${keysOf(builder)}\n\n  recurlab data build ${task} ${builder.example}`,
  )
  .join('\n\n')}`

/** `recurlab data build TASK out=DIR …`. @throws UserError for wrong use, wrong options, and a place that is taken. */
export async function buildAction({ words, pairs, flags }: Args): Promise<number> {
  const [, task] = words
  const builder = task !== undefined && Object.hasOwn(builders, task) ? builders[task] : undefined
  if (!builder) throw wrongUse(`a task (${Object.keys(builders).join(', ')}) after data build`, task ?? 'none')
  const options = new Map(pairs)
  const out = options.get('out')
  options.delete('out')
  if (out === undefined || out === '') throw wrongUse('out=DIR, the folder to write', 'none')
  const data = await builder.build(optionsFromText(builder.options, options, builder.what))
  const outcome = saveDataset(data, out, { force: flags.has('force') })
  if (flags.has('json')) print(JSON.stringify({ out, outcome, hash: data.hash, manifest: data.manifest }, null, 2))
  else {
    print(outcome === 'kept' ? `${out}: this very data set was there already` : `${out}: written`)
    print(describeDataset(data, { train: splitFacts(data, data.train), test: splitFacts(data, data.test) }))
  }
  return 0
}
