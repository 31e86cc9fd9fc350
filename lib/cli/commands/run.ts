import path from 'node:path'
import { UserError } from '../../errors.js'
import { makeFolder } from '../../files/atomic.js'
import { projectFolder } from '../../files/places.js'
import { executeNotebook } from '../../notebook/execute.js'
import { failureOf, markFailure } from '../../notebook/failure.js'
import { type Notebook, readNotebook, tidyNotebook, writeNotebook } from '../../notebook/notebook.js'
import { injectParameters } from '../../notebook/parameters.js'
import { writeReport } from '../../notebook/report.js'
import { terminalProgress } from '../../notebook/terminal.js'
import { withoutLiveWidgets } from '../../notebook/widgets/saved.js'
import { type Args, type Command, oneWord, wrongUse } from '../command.js'
import { abortOnInterrupt, STOPPED } from '../interrupt.js'

export const command: Command = {
  help: [
    'The notebook is saved after each cell. A failing cell ends the run with a message that names it and exit code 1. Ctrl-C stops the running cell, saves the training in it and the notebook, and exits with code 75; so do SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 and SIGXCPU. A new run starts at the first cell; a sweep with { resume: true } then reuses its stored runs.',
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
  emptyValues: true,
  flags: { out: true, report: false, timeout: true, json: false },
  run,
}

async function run(args: Args): Promise<number> {
  const file = notebookOf(args)
  const out = outOf(args, file)
  const timeout = timeoutOf(args)
  const json = args.flags.has('json')
  const notebook = await injectParameters(readNotebook(file), args.pairs, file)
  // Checked before an hour of training, not after it.
  makeFolder(path.dirname(out))

  const interrupt = abortOnInterrupt('Stopping the running cell')
  const progress = terminalProgress(notebook, json ? process.stderr : process.stdout)
  progress.begin()
  const started = performance.now()
  try {
    const execution = await executeNotebook(notebook, {
      folder: path.dirname(path.resolve(file)),
      ...(timeout === undefined ? {} : { timeout }),
      environment: { RECURLAB_NOTEBOOK_OUT: path.dirname(out) },
      signal: interrupt.signal,
      onEvent: progress.event,
      // Each cell's output survives the end of this process.
      onCell: keepSoFar(out),
    })
    progress.end()
    const failure = failureOf(execution, timeout, interrupt.by())
    const executed = withoutLiveWidgets(
      tidyNotebook(failure ? markFailure(execution.notebook, execution.cell, failure) : execution.notebook),
    )
    writeNotebook(out, executed)
    const report = args.flags.has('report') ? `${out.replace(/\.ipynb$/, '')}.html` : null
    if (report) await writeReport(report, executed)
    const seconds = (performance.now() - started) / 1000
    if (json)
      process.stdout.write(`${JSON.stringify({ status: execution.status, notebook: out, report, seconds, failure })}\n`)
    else process.stdout.write(`${saved(failure === null, out, report, seconds)}\n`)
    if (!failure) return 0
    const message = `${file}, ${failure.message}\nThe notebook executed so far: ${path.relative(process.cwd(), out)}`
    if (execution.status !== 'interrupted') throw new UserError(message)
    process.stderr.write(`recurlab: ${message}\n`)
    return STOPPED
  } finally {
    interrupt.end()
  }
}

/** Saves after each cell. A disk that is full now may not be at the end. */
function keepSoFar(out: string): (notebook: Notebook) => void {
  let told = false
  return (notebook) => {
    try {
      writeNotebook(out, withoutLiveWidgets(tidyNotebook(notebook)))
    } catch (error) {
      if (!(error instanceof UserError)) throw error
      if (!told) process.stderr.write(`recurlab: not saved yet: ${error.message}\n`)
      told = true
    }
  }
}

function saved(whole: boolean, out: string, report: string | null, seconds: number): string {
  const relative = (name: string): string => path.relative(process.cwd(), name)
  const first = `${whole ? 'Executed' : 'Partly executed'} in ${seconds.toFixed(0)} s: ${relative(out)}`
  return report ? `${first}\nReport: ${relative(report)}` : first
}

function notebookOf(args: Args): string {
  const file = oneWord(args.words, 'one notebook')
  if (!file.endsWith('.ipynb')) throw wrongUse('a notebook (.ipynb)', file)
  return file
}

function outOf(args: Args, file: string): string {
  const given = args.flags.get('out')
  const name = path.basename(file)
  const out = path.resolve(typeof given === 'string' ? given : path.join(projectFolder, 'results', 'notebooks', name))
  if (!out.endsWith('.ipynb')) throw wrongUse('--out FILE.ipynb', String(given ?? name))
  return out
}

function timeoutOf(args: Args): number | undefined {
  const given = args.flags.get('timeout')
  if (given === undefined) return undefined
  const seconds = Number(given)
  if (!(seconds > 0)) throw wrongUse('--timeout with a positive number of seconds', String(given))
  return seconds
}
