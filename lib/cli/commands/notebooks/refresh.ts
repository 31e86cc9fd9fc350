import { UserError } from '../../../errors.js'
import { readBytes } from '../../../files/atomic.js'
import { fileOperations as fs } from '../../../files/operations.js'
import { writeNotebook } from '../../../notebook/notebook.js'
import { type Pair, planSync, readTypeScriptNotebook, refuseReadOnly } from '../../../notebook/percent/pair.js'
import { withoutProgress } from '../../../notebook/progress-forms.js'
import { type Args, type Command, wrongUse } from '../../command.js'
import { executedCopy, executeForStorage, failureMessage, timeoutOf } from '../../execute-notebook.js'
import { STOPPED } from '../../interrupt.js'
import { namedPairs } from './files.js'

export const command: Command = {
  help: [
    'Each notebook is synced with its text, if it has one, executed from top to bottom in a fresh notebook kernel, and stored with its new outputs. Execution counts are 1, 2, …, and lines of progress, times and live widgets are not stored, so a notebook that computes the same again has the same bytes again. A run that is trained again has another ID; a sweep reuses its stored runs, and then shows no live curves.',
    'A cell that fails, or Ctrl-C, leaves the notebook as it was; its outputs so far are in results/notebooks.',
    {
      title: 'Options',
      rows: [
        ['FILE …', 'Notebooks, their texts, or folders with both. Default: notebooks.'],
        ['--timeout S', 'Time limit of one cell in seconds. Default: none.'],
      ],
    },
  ],
  example: 'notebooks refresh notebooks/13-data.ipynb',
  flags: { timeout: true },
  run,
}

async function run(args: Args): Promise<number> {
  if (args.pairs.size > 0) throw wrongUse('files and options', [...args.pairs.keys()][0]!)
  const timeout = timeoutOf(args)
  const pairs = namedPairs(args.words)
  // Whatever can be refused is refused before the first hour of training.
  const plans = pairs.map((pair) => (fs.existsSync(pair.ts) ? planSync(pair) : null))
  for (const [i, { ipynb }] of pairs.entries()) {
    // A missing notebook is made from its text.
    if (plans[i] === null || fs.existsSync(ipynb)) readTypeScriptNotebook(ipynb)
    refuseReadOnly(ipynb)
  }
  for (const [i, pair] of pairs.entries()) {
    plans[i]?.apply()
    const code = await refresh(pair, timeout)
    if (code !== 0) return code
  }
  return 0
}

async function refresh({ ipynb: file }: Pair, timeout: number | undefined): Promise<number> {
  process.stdout.write(`${file}\n`)
  const out = executedCopy(file)
  const { notebook, failure, status, seconds } = await executeForStorage(readTypeScriptNotebook(file), {
    file,
    out,
    timeout,
    stream: process.stdout,
  })
  if (failure) {
    const message = `${failureMessage(file, failure, out)}\nUnchanged: ${file}`
    if (status !== 'interrupted') throw new UserError(message)
    process.stderr.write(`recurlab: ${message}\n`)
    return STOPPED
  }
  const before = readBytes(file)
  writeNotebook(file, withoutProgress(notebook))
  const same = before.equals(readBytes(file))
  process.stdout.write(`Executed in ${seconds.toFixed(0)} s: ${file}${same ? ', the same outputs as before' : ''}\n`)
  return 0
}
