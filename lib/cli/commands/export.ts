import path from 'node:path'
import { writeWeightsFile } from '../../model/weights-write.js'
import { readWeightsOf } from '../../results/weights-file.js'
import { type Command, wrongUse } from '../command.js'
import { onlyKeys } from '../keys.js'
import { outputFile, whichWeights } from '../weights-output.js'
import { describeWeights, weightsFacts } from '../weights-report.js'

/** `recurlab export RUN|FILE`. */
export const command: Command = {
  usage: 'export RUN|FILE out=FILE key=value …',
  summary: 'write weights for the published PyTorch code and for others',
  help: `
RUN is a run's ID, the beginning of one, or its folder; FILE any file that recurlab import reads.

  out=FILE            the file to write, safetensors
  weights=ema|live    which set, where there are two (default: ema)
  config=FILE         the configuration, for a FILE without one
  results=DIR         the results folder (default: results)
  --force             replace a file that is at out=
  --json              as JSON

The tensors have the published names; the published code puts the names of its wrappers before them. With PyTorch:

  import torch
  from safetensors.torch import load_file
  weights = {"_orig_mod.model.inner." + name: tensor for name, tensor in load_file("FILE").items()}
  torch.save(weights, "step_0")           # load_checkpoint=step_0, or: model.load_state_dict(weights, assign=True)

Example: recurlab export 20261104 out=trm.safetensors`,
  flags: { json: false, force: false },
  async run({ words, pairs, flags }) {
    const [name, ...more] = words
    if (name === undefined || more.length > 0) throw wrongUse('one run or file', words.join(' ') || 'none')
    const keys = onlyKeys(pairs, ['out', 'weights', 'config', 'results'])
    if (keys.out === undefined) throw wrongUse('out=FILE, the file to write', 'none')
    const out = outputFile(keys.out, name, flags.has('force'))
    const file = await readWeightsOf(name, {
      ...(keys.results === undefined ? {} : { resultsDir: keys.results }),
      ...(keys.config === undefined ? {} : { config: keys.config }),
      ...whichWeights(keys.weights),
    })
    if (path.resolve(out) === path.resolve(file.file)) throw wrongUse("another file than the run's own checkpoint", out)
    writeWeightsFile(out, file)
    if (flags.has('json')) process.stdout.write(`${JSON.stringify({ ...weightsFacts(file), out })}\n`)
    else process.stdout.write(`${describeWeights(file)}\n\n${out}: written\n`)
    return 0
  },
}
