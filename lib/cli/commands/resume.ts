import { Runs } from '../../experiment/compare/runs.js'
import { loadRun } from '../../experiment/run/load.js'
import { resume } from '../../experiment/run/resume.js'
import { reportObserver } from '../../experiment/watch/report.js'
import { streamSink } from '../../notebook/status-line.js'
import { formatTable } from '../../results/text.js'
import { loadDataset } from '../../storage/store.js'
import { type Command, oneWord } from '../command.js'
import { abortOnInterrupt } from '../interrupt.js'
import { onlyKeys } from '../keys.js'
import { doneOrStopped } from '../stopped-run.js'

/** `recurlab resume RUN`. */
export const command: Command = {
  help: [
    "RUN is a run's ID, a prefix of it, or its folder. The run continues from its newest checkpoint as if it had never stopped, bit for bit on the same backend. If it is stopped again, it saves again and exits with code 75.",
    {
      title: 'Options',
      rows: [
        ['out=DIR', 'Results folder. Default: results.'],
        ['data=DIR', "The run's data set, if it was moved. Default: the folder it was trained from."],
        [
          '--force',
          'Resumes although a process on another machine may still be working on the run. Default: a process counts as gone after five minutes without a sign of life (RECURLAB_LEASE_SECONDS).',
        ],
        ['--json', 'Prints the final metrics as JSON.'],
      ],
    },
  ],
  example: 'resume 20261104-093012',
  onSignal: 'Nothing has changed: the same command goes on from the last checkpoint.',
  flags: { json: false, force: false },
  async run({ words, pairs, flags }) {
    const name = oneWord(words, 'one run')
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
    return doneOrStopped(id, out)
  },
}
