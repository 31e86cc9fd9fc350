import type { z } from 'zod'
import type { Dataset } from '../../../data/dataset.js'
import { dataProgressText } from '../../../data/progress.js'
import { streamSink } from '../../../notebook/status-line.js'
import { optionsFromText } from '../../../options/options.js'
import { splitFacts } from '../../../storage/facts.js'
import { saveDataset } from '../../../storage/store.js'
import { allTasks } from '../../../tasks/registry.js'
import type { TaskBuilder } from '../../../tasks/task.js'
import { type Args, type Command, oneWord, wrongUse } from '../../command.js'
import type { HelpRow } from '../../help.js'
import { onDone } from '../../interrupt.js'
import { oneOf } from '../../keys.js'
import { describeDataset, print } from './print.js'

/** The tasks that data sets can be built for, by name. */
const builders = new Map(
  allTasks().flatMap(({ name, title, builder }) => (builder ? [[name, { ...builder, what: title }] as const] : [])),
)
const names = [...builders.keys()]

/** Returns the keys of a task with their defaults. */
function keysOf({ options }: Pick<TaskBuilder, 'options'>): HelpRow[] {
  return (Object.entries(options.shape) as [string, z.ZodType][]).map(([key, type]) => {
    const value = type.def.type === 'default' ? (type as z.ZodDefault).def.defaultValue : undefined
    return [`${key}=`, `${type.description ?? ''}${value === undefined ? '' : ` Default: ${value}.`}`]
  })
}

/** `recurlab data build TASK out=DIR …`. */
export const command: Command = {
  help: [
    `TASK is one of ${names.join(', ')}. The folder gets train.arrow, test.arrow and manifest.json.`,
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Folder to write.'],
        ['--force', 'Replaces another data set in DIR.'],
        ['--json', 'Prints the manifest as JSON.'],
      ],
    },
    ...[...builders].flatMap(([task, builder]) => [
      { title: `Keys of ${builder.what}`, rows: keysOf(builder) },
      { title: 'For example', command: `data build ${task} ${builder.example}` },
    ]),
  ],
  example: 'data build sudoku box=2x3 clues=14 out=data/sudoku-6x6',
  onSignal: 'No data set was written: the same command builds it anew.',
  flags: { json: false, force: false },
  run: build,
}

/** @throws UserError for wrong usage, invalid options, and an output folder that is in use. */
async function build({ words, pairs, flags }: Args): Promise<number> {
  const task = oneOf('', oneWord(words, `one task (${names.join(', ')})`), names)
  const builder = builders.get(task)!
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
  onDone()
  if (flags.has('json')) print(JSON.stringify({ out, outcome, hash: data.hash, manifest: data.manifest }, null, 2))
  else {
    print(outcome === 'kept' ? `${out}: this data set already exists` : `${out}: written`)
    print(describeDataset(data, { train: splitFacts(data, data.train), test: splitFacts(data, data.test) }))
  }
  return 0
}
