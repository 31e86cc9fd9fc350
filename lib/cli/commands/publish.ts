import { PUBLISHED, publish } from '../../experiment/publish/publish.js'
import type { PublishedRun } from '../../results/publish.js'
import { DEFAULT_RESULTS } from '../../results/run.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'
import { given, onlyKeys, wholeOf } from '../keys.js'

/** `recurlab publish RUN …|SWEEP …`. */
export const command: Command = {
  help: [
    'RUN is the ID of a run, a prefix of it, or its folder; SWEEP is the name of a sweep, a prefix of it, or the folder of its plan. Each run must be finished. Configuration, provenance, evaluations, outcomes and thinned metrics are copied, checkpoints are not: recurlab export writes weights. In the folder recurlab runs, report and reproduce work as in any results folder.',
    {
      title: 'Options',
      rows: [
        ['to=DIR', `Results folder to copy into. Default: ${PUBLISHED}.`],
        ['metricsEvery=N', 'Metrics to keep: the first step, the last one, and every multiple of N. Default: 10.'],
        ['out=DIR', `Results folder that holds the runs. Default: ${DEFAULT_RESULTS}.`],
        ['--json', 'Prints the runs as JSON.'],
      ],
    },
  ],
  example: 'publish sudoku-6-runs to=results/published',
  flags: { json: false },
  run({ words, pairs, flags }) {
    if (words.length === 0) throw wrongUse('runs, or sweeps', 'none')
    const { to, metricsEvery, out } = onlyKeys(pairs, ['to', 'metricsEvery', 'out'])
    const every = wholeOf('metricsEvery', metricsEvery)
    const copied = publish(words, given({ to, metricsEvery: every, resultsDir: out }))
    process.stdout.write(flags.has('json') ? `${JSON.stringify(copied)}\n` : `${textOf(copied)}\n`)
    return 0
  },
}

function textOf(copied: readonly PublishedRun[]): string {
  const rows = copied.map(({ id, bytes, wasThere }) => ({
    run: id,
    'size (KB)': Math.ceil(bytes / 1000),
    '': wasThere ? 'was there' : 'copied',
  }))
  return formatTable(rows)
}
