import { fitPuzzleTable, type PuzzleFit } from '../../model/weights-check.js'
import { readWeightsFile, type WeightsFile } from '../../model/weights-file.js'
import { writeWeightsFile } from '../../model/weights-write.js'
import { type Command, wrongUse } from '../command.js'
import { onlyKeys } from '../keys.js'
import { outputFile, whichWeights } from '../weights-output.js'
import { describeWeights, weightsFacts } from '../weights-report.js'

/** `recurlab import FILE`. */
export const command: Command = {
  usage: 'import FILE key=value …',
  summary: 'read weights, those of the published PyTorch code too; say what they are, and keep them',
  help: `
FILE is what the published code saved (step_N, .pt: a zip archive with a pickle), safetensors with the published names, or
a run's checkpoint. Its configuration is the all_config.yaml or config.json beside it, where it carries none. Nothing in a
pickle is run: tensors in plain dictionaries are read, every other opcode or name is refused with its place.

  out=FILE            write the weights there: safetensors with the published names, configuration, data hash and step
  config=FILE         the configuration (all_config.yaml, config.json)
  weights=ema|live    which set, where there are two (default: ema)
  puzzleEmbedding=mean|zero
                      replace the rows of the puzzle embedding: each the mean of all, or zeros
  rows=N              by so many
  --force             replace a file that is at out=
  --json              as JSON

Example: recurlab import checkpoints/arc/step_518071 out=arc.safetensors`,
  flags: { json: false, force: false },
  async run({ words, pairs, flags }) {
    const [name, ...more] = words
    if (name === undefined || more.length > 0) throw wrongUse('one file', words.join(' ') || 'none')
    const keys = onlyKeys(pairs, ['out', 'config', 'weights', 'puzzleEmbedding', 'rows'])
    const fit = puzzleFit(keys.puzzleEmbedding, keys.rows)
    const out = keys.out === undefined ? null : outputFile(keys.out, name, flags.has('force'))
    const read = await readWeightsFile(name, {
      ...(keys.config === undefined ? {} : { config: keys.config }),
      ...whichWeights(keys.weights),
    })
    const file = fit ? fitted(read, fit) : read
    if (out !== null) writeWeightsFile(out, file)
    if (flags.has('json')) process.stdout.write(`${JSON.stringify({ ...weightsFacts(file), out })}\n`)
    else process.stdout.write(`${describeWeights(file)}\n${out === null ? '' : `\n${out}: written\n`}`)
    return 0
  },
}

interface Fit {
  readonly rows: number
  readonly how: PuzzleFit
}

function puzzleFit(how: string | undefined, rows: string | undefined): Fit | null {
  if (how === undefined && rows === undefined) return null
  if (how !== 'mean' && how !== 'zero') throw wrongUse('puzzleEmbedding=mean or puzzleEmbedding=zero', how ?? 'none')
  const count = Number(rows)
  if (!Number.isSafeInteger(count) || count < 1) throw wrongUse('rows=N, a whole number of 1 or more', rows ?? 'none')
  return { rows: count, how }
}

function fitted(file: WeightsFile, { rows, how }: Fit): WeightsFile {
  const { tensors, note } = fitPuzzleTable(file.tensors, rows, how)
  return { ...file, tensors, sizes: { ...file.sizes, puzzleIdentifiers: rows }, notes: [...file.notes, note] }
}
