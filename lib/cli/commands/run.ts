import path from 'node:path'
import { UserError } from '../../errors.js'
import { readNotebook } from '../../notebook/notebook.js'
import { injectParameters } from '../../notebook/parameters.js'
import { readTextNotebook } from '../../notebook/percent/pair.js'
import { writeReport } from '../../notebook/report.js'
import { type Args, type Command, oneWord, wrongUse } from '../command.js'
import { executedCopy, executeForStorage, failureMessage, timeoutOf } from '../execute-notebook.js'
import { onDone, onEarlySignal, STOPPED } from '../interrupt.js'

export const command: Command = {
  help: [
    'NOTEBOOK is a notebook (.ipynb) or its text (.ts). The notebook is saved after each cell. A failing cell ends the run with a message that names it and exit code 1. Ctrl-C stops the running cell, saves the training in it and the notebook, and exits with code 75; so do SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU. A new run starts at the first cell; a sweep with { resume: true } then reuses its stored runs.',
    {
      title: 'Options',
      rows: [
        ['key=value', 'Sets a parameter that the cell tagged "parameters" declares; the value is JSON or text.'],
        [
          '--out FILE',
          'File for the executed notebook; cells read its folder from RECURLAB_NOTEBOOK_OUT. Default: results/notebooks/NAME.ipynb.',
        ],
        ['--report', 'Also writes one HTML page (FILE.html) without external resources.'],
        ['--timeout S', 'Time limit of one cell in seconds. Default: none.'],
        ['--json', 'Prints the outcome as JSON, and the output of cells to standard error.'],
      ],
    },
  ],
  example: 'run notebooks/01-mlp-vs-attention.ipynb trainSteps=50 --out results/quick.ipynb --report',
  onSignal: 'No cell was run yet: the same command begins anew.',
  emptyValues: true,
  flags: { out: true, report: false, timeout: true, json: false },
  run,
}

async function run(args: Args): Promise<number> {
  const file = notebookOf(args)
  const out = outOf(args, file)
  const timeout = timeoutOf(args)
  const json = args.flags.has('json')
  const read = file.endsWith('.ts') ? readTextNotebook(file) : readNotebook(file)
  const notebook = await injectParameters(read, args.pairs, file)
  const stream = json ? process.stderr : process.stdout
  const executed = await executeForStorage(notebook, { file, out, timeout, stream })
  const { failure, seconds, status } = executed
  const report = args.flags.has('report') ? `${out.replace(/\.ipynb$/, '')}.html` : null
  if (report) {
    onEarlySignal('The notebook is saved: its report is not written.')
    await writeReport(report, executed.notebook)
  }
  onDone()
  if (json) process.stdout.write(`${JSON.stringify({ status, notebook: out, report, seconds, failure })}\n`)
  else process.stdout.write(`${saved(failure === null, out, report, seconds)}\n`)
  if (!failure) return 0
  const message = failureMessage(file, failure, out)
  if (status !== 'interrupted') throw new UserError(message)
  process.stderr.write(`recurlab: ${message}\n`)
  return STOPPED
}

function saved(whole: boolean, out: string, report: string | null, seconds: number): string {
  const relative = (name: string): string => path.relative(process.cwd(), name)
  const first = `${whole ? 'Executed' : 'Partly executed'} in ${seconds.toFixed(0)} s: ${relative(out)}`
  return report ? `${first}\nReport: ${relative(report)}` : first
}

function notebookOf(args: Args): string {
  const file = oneWord(args.words, 'one notebook')
  if (!/\.(ipynb|ts)$/.test(file)) throw wrongUse('a notebook (.ipynb), or its text (.ts)', file)
  return file
}

function outOf(args: Args, file: string): string {
  const given = args.flags.get('out')
  const out = typeof given === 'string' ? path.resolve(given) : executedCopy(file)
  if (!out.endsWith('.ipynb')) throw wrongUse('--out FILE.ipynb', String(given))
  return out
}
