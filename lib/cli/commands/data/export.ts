import { exportPublished } from '../../../data/published/write.js'
import { loadDataset } from '../../../data/store.js'
import { sizeText } from '../../../files/space.js'
import { streamSink } from '../../../notebook/status-line.js'
import { type Args, wrongUse } from '../../command.js'
import { abortOnInterrupt } from '../../interrupt.js'

/** Help of `recurlab data export`. */
export const exportHelp = `recurlab data export DIR out=DIR2 [augment=N] [--force] [--json]
  Writes a data set in the layout of the published builders: NumPy files, dataset.json, identifiers.json, and
  test_puzzles.json for ARC. A folder that is in that layout already becomes the same again, byte for byte.
  out=DIR2     folder to write; it must be new or empty
  augment=N    versions beside each training puzzle of a Sudoku set; default 0, the paper has 1000. Which ones, the seed of
               the data set says. Mazes and ARC are written in all the versions they were built with.
  --force      replace another published folder that is in DIR2

  recurlab data export data/sudoku-6x6 out=data/sudoku-6x6-published augment=100`

/** `recurlab data export DIR out=DIR2`. @returns the exit code. */
export async function exportAction({ words, pairs, flags }: Args): Promise<number> {
  const [, dir, ...more] = words
  if (dir === undefined) throw wrongUse('a folder after data export', 'none')
  if (more.length > 0) throw wrongUse('one folder after data export', more.join(' '))
  const unknown = [...pairs.keys()].find((key) => key !== 'out' && key !== 'augment')
  if (unknown !== undefined) throw wrongUse('only out=… and augment=…', `${unknown}=`)
  const out = pairs.get('out')
  if (out === undefined || out === '') throw wrongUse('out=DIR2, the folder to write', 'none')
  const augment = pairs.get('augment')
  if (augment !== undefined && !/^\d{1,9}$/.test(augment))
    throw wrongUse('a whole number for augment=', augment === '' ? 'none' : augment)
  const { signal, end } = abortOnInterrupt()
  const sink = streamSink(process.stderr)
  try {
    const dataset = loadDataset(dir)
    const plan = await exportPublished(dataset, out, {
      augment: augment === undefined ? undefined : Number(augment),
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
    end()
  }
}
