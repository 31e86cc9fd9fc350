import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys, truthOf } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { middle } from '../rounds.js'
import { benchSweep, type SweepMeasurement } from '../sweep.js'

/** `recurlab bench sweep`. */
export const command: Command = {
  help: [
    'Trains the six runs of notebook 01 by two workers with one thread each, and one after the other in a process with two threads, in turn, and prints the ratio. Beside them, the time of PyTorch in two processes with one thread each: its steps and evaluations, in the faster of its modes, times their number. The numbers of the runs are compared with those of one process with one thread.',
    {
      title: 'Options',
      rows: [
        ['trainSteps=N', 'Steps of each run. Default: 180, as in the notebook.'],
        ['rounds=N', 'Measurements of each side; the median ratio is shown. Default: 1.'],
        ['torch=false', 'Measures Recurlab only. Default: true.'],
        ['--json', 'Prints every time as JSON.'],
      ],
    },
  ],
  example: 'bench sweep rounds=3',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['trainSteps', 'rounds', 'torch'])
  const measured = await benchSweep({
    trainSteps: countOf('trainSteps', keys.trainSteps, 180),
    rounds: countOf('rounds', keys.rounds, 1),
    torch: truthOf('torch', keys.torch) ?? true,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  process.stdout.write(flags.has('json') ? `${JSON.stringify(measured)}\n` : text(measured))
  return measured.equal ? 0 : 1
}

function text({ trainSteps, poolSeconds, loopSeconds, ratio, equal, torch }: SweepMeasurement): string {
  const pool = middle(poolSeconds)
  const row = (side: string, seconds: number) => ({
    side,
    'six runs (s)': seconds.toFixed(1),
    '÷ pool': (seconds / pool).toFixed(2),
  })
  const rows = [
    row('pool, 2 workers × 1 thread', pool),
    row('loop, 1 process × 2 threads', middle(loopSeconds)),
    ...(torch ? [row(`PyTorch ${torch.version}, 2 processes × 1 thread`, torch.seconds)] : []),
  ]
  const modes = torch
    ? Object.entries(torch.works).map(
        ([mixer, { mode, step, evaluation }]) =>
          `${mixer}: ${mode}, ${(1000 * step).toFixed(1)} ms a step, ${evaluation.toFixed(2)} s an evaluation`,
      )
    : []
  return [
    formatTable(rows),
    `pool ÷ loop ${ratio.toFixed(2)} (target: at most 0.65), ${trainSteps} steps a run`,
    `numbers of the pool and of one process with one thread: ${equal ? 'equal, bit for bit' : 'DIFFERENT'}`,
    ...modes.map((line) => `PyTorch, ${line}`),
    '',
  ].join('\n')
}
