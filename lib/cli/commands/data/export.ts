import { sizeText } from '../../../files/space.js'
import { streamSink } from '../../../notebook/status-line.js'
import { exportPublished } from '../../../storage/published/write.js'
import { loadDataset } from '../../../storage/store.js'
import { type Args, type Command, oneWord, wrongUse } from '../../command.js'
import { abortOnInterrupt } from '../../interrupt.js'
import { onlyKeys, wholeOf } from '../../keys.js'

/** `recurlab data export DIR out=DIR2`. */
export const command: Command = {
  help: [
    'NumPy files, dataset.json, identifiers.json, and test_puzzles.json for ARC. Exporting a folder that is already in this layout reproduces it byte for byte.',
    {
      title: 'Options',
      rows: [
        ['out=DIR2', 'Folder to write; it must be new or empty.'],
        [
          'augment=N',
          'Versions added to each training puzzle of a Sudoku set, drawn with the seed of the data set; the paper uses 1000. Mazes and ARC are written with all the versions they were built with. Default: 0.',
        ],
        ['--force', 'Replaces another published folder in DIR2.'],
        ['--json', 'Prints the counts as JSON.'],
      ],
    },
  ],
  example: 'data export data/sudoku-6x6 out=data/sudoku-6x6-published augment=100',
  flags: { json: false, force: false },
  run: write,
}

async function write({ words, pairs, flags }: Args): Promise<number> {
  const dir = oneWord(words, 'one folder')
  const { out, augment: asked } = onlyKeys(pairs, ['out', 'augment'])
  if (out === undefined) throw wrongUse('out=DIR2, the folder to write', 'none')
  const augment = wholeOf('augment', asked, 0)
  const { signal, end } = abortOnInterrupt()
  const sink = streamSink(process.stderr)
  try {
    const dataset = loadDataset(dir)
    const plan = await exportPublished(dataset, out, {
      augment,
      force: flags.has('force'),
      signal,
      progress: ({ examples, of }) =>
        sink.status(`${examples} of ${of} examples (${Math.floor((100 * examples) / of)} %)`),
    })
    const splits = plan.splits.map(({ split, puzzleStarts, groupStarts }) => ({
      split: split.name,
      groups: groupStarts.length - 1,
      puzzles: puzzleStarts.length - 1,
      examples: puzzleStarts.at(-1)!,
    }))
    if (flags.has('json')) {
      const facts = { out, bytes: plan.bytes, identifiers: dataset.identifiers.count, splits }
      process.stdout.write(`${JSON.stringify(facts, null, 2)}\n`)
    } else {
      sink.line(`${out}: written, ${sizeText(plan.bytes)}`)
      for (const { split, groups, puzzles, examples } of splits)
        process.stdout.write(`${split.padEnd(6)} ${groups} groups, ${puzzles} puzzles, ${examples} examples\n`)
    }
    return 0
  } finally {
    sink.status('')
    end()
  }
}
