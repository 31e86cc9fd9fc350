import { loadDataset } from '../../data/index.js'
import { loadRun } from '../../experiment/load.js'
import { reportObserver } from '../../experiment/report.js'
import { resume } from '../../experiment/resume.js'
import { Runs } from '../../experiment/runs.js'
import { streamSink } from '../../notebook/status-line.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'
import { abortOnInterrupt } from '../interrupt.js'
import { onlyKeys } from '../keys.js'

/** `recurlab resume RUN`. */
export const command: Command = {
  usage: 'resume RUN',
  summary: 'go on with a run that was stopped, bit for bit',
  help: `
RUN is a run's ID, the beginning of one, or its folder.

  out=DIR    the results folder (default: results)
  data=DIR   the run's data set, where it was moved
  --force    go on although a process on another machine may still be at work on the run: one that gives no sign of life
             for five minutes (RECURLAB_LEASE_SECONDS) counts as gone without
  --json     the final metrics as JSON

The run goes on from its checkpoint as if it had never stopped, on the same backend to the last bit.`,
  flags: { json: false, force: false },
  async run({ words, pairs, flags }) {
    const [name, ...more] = words
    if (name === undefined || more.length > 0) throw wrongUse('one run', words.join(' ') || 'none')
    const { out, data } = onlyKeys(pairs, ['out', 'data'])
    const interrupt = abortOnInterrupt()
    const id = await resume(name, {
      ...(out === undefined ? {} : { resultsDir: out }),
      ...(data === undefined ? {} : { data: loadDataset(data) }),
      ...(flags.has('force') ? { force: true } : {}),
      observer: reportObserver(streamSink(flags.has('json') ? process.stderr : process.stdout)),
      signal: interrupt.signal,
    })
    interrupt.end()
    const run = loadRun(id, out)
    if (flags.has('json'))
      process.stdout.write(`${JSON.stringify({ run: id, dir: run.dir, ...run.evaluations.at(-1) })}\n`)
    else process.stdout.write(`${formatTable(new Runs([run]).table())}\n`)
    return interrupt.signal.aborted ? 1 : 0
  },
}
