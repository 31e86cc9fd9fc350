import path from 'node:path'
import { writeWeightsFile } from '../../interop/weights-write.js'
import { isCheckpointFile } from '../../results/layout.js'
import { readWeightsOf } from '../../results/weights-file.js'
import { type Command, oneWord, wrongUse } from '../command.js'
import { onlyKeys } from '../keys.js'
import { CHECKPOINT_HELP, outputFile, whichCheckpoint, whichWeights } from '../weights-output.js'
import { describeWeights, weightsFacts } from '../weights-report.js'

/** `recurlab export RUN|FILE`. */
export const command: Command = {
  help: [
    "RUN is a run's ID, a prefix of it, or its folder; FILE is any file that recurlab import reads, or a name that recurlab weights lists.",
    {
      title: 'Options',
      rows: [
        ['out=FILE', 'File to write, safetensors.'],
        ['weights=ema|live', 'The set of weights to use if there are two. Default: ema.'],
        CHECKPOINT_HELP,
        ['config=FILE', 'Configuration of a FILE without one. Default: the one beside it.'],
        ['results=DIR', 'Results folder. Default: results.'],
        ['--force', 'Replaces an existing file at out=.'],
        ['--json', 'Prints the facts about the file as JSON.'],
      ],
    },
    'The tensors have the published names; the published code puts the names of its wrappers before them.',
    {
      title: 'With PyTorch',
      lines: [
        'import torch',
        'from safetensors.torch import load_file',
        'weights = load_file("FILE")',
        'prefix = "_orig_mod.model.inner."',
        'weights = {prefix + k: w for k, w in weights.items()}',
        '# load_checkpoint=step_0 reads this file.',
        'torch.save(weights, "step_0")',
        '# Or without a file:',
        'model.load_state_dict(weights, assign=True)',
      ],
    },
  ],
  example: 'export 20261104-093012 out=trm.safetensors',
  flags: { json: false, force: false },
  async run({ words, pairs, flags }) {
    const name = oneWord(words, 'one run or file')
    const keys = onlyKeys(pairs, ['out', 'weights', 'checkpoint', 'config', 'results'])
    if (keys.out === undefined) throw wrongUse('out=FILE, the file to write', 'none')
    const out = outputFile(keys.out, name, flags.has('force'))
    const file = await readWeightsOf(name, {
      ...(keys.results === undefined ? {} : { resultsDir: keys.results }),
      ...(keys.config === undefined ? {} : { config: keys.config }),
      ...whichWeights(keys.weights),
      ...whichCheckpoint(keys.checkpoint),
    })
    const isBeside = path.dirname(path.resolve(out)) === path.dirname(path.resolve(file.file))
    if (file.run !== null && isBeside && isCheckpointFile(path.basename(out)))
      throw wrongUse("another file than one of the run's own checkpoints", out)
    writeWeightsFile(out, file)
    if (flags.has('json')) process.stdout.write(`${JSON.stringify({ ...weightsFacts(file), out })}\n`)
    else process.stdout.write(`${describeWeights(file)}\n\n${out}: written\n`)
    return 0
  },
}
