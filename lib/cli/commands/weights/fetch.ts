import path from 'node:path'
import { sizeText } from '../../../files/space.js'
import { PUBLIC_WEIGHTS } from '../../../interop/named/public.js'
import { WEIGHTS_FOLDER, weightsNames } from '../../../interop/named/record.js'
import { streamSink } from '../../../notebook/status-line.js'
import { progressText } from '../../../storage/fetch/progress.js'
import { type Args, type Command, oneWord, wrongUse } from '../../command.js'
import { abortOnInterrupt } from '../../interrupt.js'
import { oneOf, onlyKeys } from '../../keys.js'
import { describeWeights, weightsFacts } from '../../weights-report.js'

const names = PUBLIC_WEIGHTS.map(({ name }) => name)

/** `recurlab weights fetch NAME`. */
export const command: Command = {
  help: [
    `NAME is one of ${names.join(', ')}.`,
    'Downloads the weights from the Hugging Face hub (HF_ENDPOINT names a mirror, HF_TOKEN an account), with the configuration beside them, and checks every tensor by its published name against the model of that configuration. The same command continues an interrupted download; a file gets its name only once its length and checksum are correct. The SHA-256 is compared with the known one; where none is known, that of the first download is recorded, with the commit.',
    'No code in the file is run. Afterwards NAME is accepted wherever a run or a file of weights is.',
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Folder for the files; the name is then not known elsewhere. Default: data/weights/NAME.'],
        ['--local', 'Takes the files that are in the folder already, put there by hand, without asking the hub.'],
        ['--json', 'Prints files, record and facts as JSON.'],
      ],
    },
  ],
  example: 'weights fetch trm-sudoku-mlp',
  onSignal: 'Nothing was downloaded yet: the same command begins anew.',
  flags: { json: false, local: false },
  run: fetch,
}

async function fetch({ words, pairs, flags }: Args): Promise<number> {
  const word = oneWord(words, `one of ${names.join(', ')}`)
  if (!names.includes(word) && weightsNames().includes(word))
    throw wrongUse('the name of public weights', `${word}, which comes with the project`, 'It need not be fetched.')
  const name = oneOf('', word, names)
  const source = PUBLIC_WEIGHTS.find((each) => each.name === name)!
  const { out } = onlyKeys(pairs, ['out'])
  const dir = out ?? (path.relative('', path.join(WEIGHTS_FOLDER, name)) || '.')
  const { signal, end } = abortOnInterrupt()
  const sink = streamSink(process.stderr)
  const say = progressText()
  try {
    // The hub's client takes longer to load than the list of names.
    const { fetchWeights } = await import('../../../interop/named/fetch.js')
    const { files, weights, record, notes } = await fetchWeights(source, dir, {
      local: flags.has('local'),
      signal,
      progress: (progress) => sink.status(say(progress, performance.now() / 1000)),
    })
    if (flags.has('json')) {
      process.stdout.write(`${JSON.stringify({ out: dir, files, record, notes, weights: weightsFacts(weights) })}\n`)
      return 0
    }
    for (const { path: file, bytes, checksum, outcome } of files)
      sink.line(`${file}: ${outcome === 'kept' ? 'there already' : 'fetched'}, ${sizeText(bytes)}, ${checksum}`)
    for (const note of notes) sink.line(`note: ${note}`)
    const given = out === undefined ? name : weights.file
    process.stdout.write(`${describeWeights(weights)}\n\nnext: recurlab eval ${given} data=${source.data}\n`)
    return 0
  } finally {
    sink.status('')
    end()
  }
}
