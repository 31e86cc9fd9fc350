import type { z } from 'zod'
import type { Dataset } from '../../../data/dataset.js'
import { dataProgressText, type MakeOptions } from '../../../data/progress.js'
import { streamSink } from '../../../notebook/status-line.js'
import { optionsFromText } from '../../../options/options.js'
import { splitFacts } from '../../../storage/facts.js'
import { saveDataset } from '../../../storage/store.js'
import { arc } from '../../../tasks/arc/build.js'
import { arcOptions } from '../../../tasks/arc/options.js'
import { maze } from '../../../tasks/maze/build.js'
import { mazeOptions } from '../../../tasks/maze/options.js'
import { sudoku } from '../../../tasks/sudoku/build.js'
import { sudokuOptions } from '../../../tasks/sudoku/options.js'
import { type Args, type Command, oneWord, wrongUse } from '../../command.js'
import type { HelpRow } from '../../help.js'
import { oneOf } from '../../keys.js'
import { describeDataset, print } from './print.js'

interface Builder {
  /** For errors: `a Sudoku data set`. */
  readonly what: string
  readonly options: z.ZodObject
  /** @throws UserError for options that are wrong; they are checked by the task's own schema. */
  build(options: Record<string, unknown>, make: MakeOptions): Promise<Dataset>
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

/** The keys of a task with their defaults. */
function keysOf({ options }: Builder): HelpRow[] {
  return (Object.entries(options.shape) as [string, z.ZodType][]).map(([key, type]) => {
    const value = type.def.type === 'default' ? (type as z.ZodDefault).def.defaultValue : undefined
    return [`${key}=`, `${type.description ?? ''}${value === undefined ? '' : ` Default: ${value}.`}`]
  })
}

/** `recurlab data build TASK out=DIR …`. */
export const command: Command = {
  help: [
    `TASK is one of ${Object.keys(builders).join(', ')}. The folder gets train.arrow, test.arrow and manifest.json.`,
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Folder to write.'],
        ['--force', 'Replaces another data set that is in DIR.'],
        ['--json', 'Prints the manifest as JSON.'],
      ],
    },
    ...Object.entries(builders).flatMap(([task, builder]) => [
      { title: `Keys of ${builder.what}`, rows: keysOf(builder) },
      { title: 'For example', command: `data build ${task} ${builder.example}` },
    ]),
  ],
  example: 'data build sudoku box=2x3 clues=14 out=data/sudoku-6x6',
  flags: { json: false, force: false },
  run: build,
}

/** @throws UserError for wrong use, wrong options, and a place that is taken. */
async function build({ words, pairs, flags }: Args): Promise<number> {
  const task = oneOf('', oneWord(words, `one task (${Object.keys(builders).join(', ')})`), Object.keys(builders))
  const builder = builders[task]!
  const options = new Map(pairs)
  const out = options.get('out')
  options.delete('out')
  if (out === undefined) throw wrongUse('out=DIR, the folder to write', 'none')
  const sink = streamSink(process.stderr)
  try {
    const data = await builder.build(optionsFromText(builder.options, options, builder.what), {
      progress: (progress) => sink.status(dataProgressText(progress)),
    })
    sink.status('')
    return save(data, out, flags)
  } finally {
    sink.status('')
  }
}

function save(data: Dataset, out: string, flags: Args['flags']): number {
  const outcome = saveDataset(data, out, { force: flags.has('force') })
  if (flags.has('json')) print(JSON.stringify({ out, outcome, hash: data.hash, manifest: data.manifest }, null, 2))
  else {
    print(outcome === 'kept' ? `${out}: this very data set was there already` : `${out}: written`)
    print(describeDataset(data, { train: splitFacts(data, data.train), test: splitFacts(data, data.test) }))
  }
  return 0
}
