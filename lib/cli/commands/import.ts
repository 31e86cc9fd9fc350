import { fileOperations as fs } from '../../files/operations.js'
import { weightsNamed } from '../../interop/named/record.js'
import { fitPuzzleTable, type PuzzleFit } from '../../interop/weights-check.js'
import { readWeightsFile, type WeightsFile } from '../../interop/weights-file.js'
import { writeWeightsFile } from '../../interop/weights-write.js'
import { type Command, oneWord, wrongUse } from '../command.js'
import { choiceOf, onlyKeys, wholeOf } from '../keys.js'
import { outputFile, whichWeights } from '../weights-output.js'
import { describeWeights, weightsFacts } from '../weights-report.js'

/** `recurlab import FILE`. */
export const command: Command = {
  help: [
    "FILE is a file saved by the published code (step_N, .pt: a zip archive with a pickle), safetensors with the published names, a run's checkpoint, or the name of weights that are here (recurlab weights). No code in a pickle is run: tensors in plain dictionaries are read, and any other opcode or name is refused with its position.",
    {
      title: 'Options',
      rows: [
        [
          'out=FILE',
          'Writes the weights to a file: safetensors with the published names, configuration, data hash and step.',
        ],
        ['config=FILE', 'Configuration. Default: that of FILE, else the all_config.yaml or config.json beside it.'],
        ['weights=ema|live', 'The set of weights to use if there are two. Default: ema.'],
        [
          'puzzleEmbedding=mean|zero',
          'Replaces the rows of the puzzle embedding by N new ones (rows=N), each the mean of all rows or zeros.',
        ],
        ['rows=N', 'That number.'],
        ['--force', 'Replaces an existing file at out=.'],
        ['--json', 'Prints the content of the file as JSON.'],
      ],
    },
  ],
  example: 'import checkpoints/arc/step_518071 out=arc.safetensors',
  flags: { json: false, force: false },
  async run({ words, pairs, flags }) {
    const name = oneWord(words, 'one file')
    const keys = onlyKeys(pairs, ['out', 'config', 'weights', 'puzzleEmbedding', 'rows'])
    const fit = puzzleFit(keys.puzzleEmbedding, keys.rows)
    const out = keys.out === undefined ? null : outputFile(keys.out, name, flags.has('force'))
    const read = await readWeightsFile(fs.existsSync(name) ? name : (weightsNamed(name)?.file ?? name), {
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
  const fit = choiceOf('puzzleEmbedding', how, ['mean', 'zero'])
  const count = wholeOf('rows', rows)
  if (fit === undefined) throw wrongUse('puzzleEmbedding=mean or puzzleEmbedding=zero beside rows=', 'none')
  if (count === undefined) throw wrongUse('rows=N, a whole number of 1 or more', 'none')
  return { rows: count, how: fit }
}

function fitted(file: WeightsFile, { rows, how }: Fit): WeightsFile {
  const { tensors, note } = fitPuzzleTable(file.tensors, rows, how)
  return { ...file, tensors, sizes: { ...file.sizes, puzzleIdentifiers: rows }, notes: [...file.notes, note] }
}
