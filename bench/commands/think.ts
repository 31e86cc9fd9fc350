import { unitText } from '../../lib/backend/kernels.js'
import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys, truthOf } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { benchThink, LADDER, RECORDING, type ThinkBench, type ThinkMeasurement } from '../think.js'
import { thinkWorks } from '../think-works.js'

/** `recurlab bench think`. */
export const command: Command = {
  help: [
    'Rollouts with noise on z, without gradient: puzzles × rollouts a second beside the same recursion in PyTorch, the cost of recording them, a ladder of 1,000 pocket puzzles to depth 256, and memory and size of a recording of synthetic rows.',
    'Every side has its own process; they alternate in one run. PyTorch computes all rows as one batch, and reads the tokens and the halting logit after each supervision step; Recurlab also judges the answers and measures how far latents and logits have moved. Ratios are medians over the rounds. PyTorch is installed into .venv if it is missing.',
    {
      title: 'Options',
      rows: [
        [
          'only=A,B',
          `${[...thinkWorks.map(({ name }) => name), LADDER, RECORDING].join(', ')}. Default: all, about 15 minutes.`,
        ],
        ['rounds=N', 'Undisturbed rounds; at most twice as many are made. Default: 5.'],
        ['batch=N', 'Rows that Recurlab computes at a time. Default: that of think.'],
        [
          'rows=N',
          'Rows of the synthetic recording. Default: 16000000, which are 10,000 puzzles × 25 rollouts × 64 steps.',
        ],
        ['torch=false', 'Measures Recurlab only. Default: true.'],
        ['--json', 'Prints machine and measurements as JSON.'],
      ],
    },
  ],
  example: 'bench think only=sudoku-pocket,ladder',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['only', 'rounds', 'batch', 'rows', 'torch'])
  const measured = await benchThink({
    ...(keys.only === undefined ? {} : { only: keys.only.split(',') }),
    rounds: countOf('rounds', keys.rounds, 5),
    ...(keys.batch === undefined ? {} : { batch: countOf('batch', keys.batch, 1) }),
    rows: countOf('rows', keys.rows, 16_000_000),
    torch: truthOf('torch', keys.torch) ?? true,
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  process.stdout.write(flags.has('json') ? `${JSON.stringify(measured)}\n` : text(measured))
  return 0
}

function text({ machine, works, ladder, recording }: ThinkBench): string {
  const peer = machine.torch === null ? 'without PyTorch' : `PyTorch ${machine.torch}`
  const units = machine.units ? `float32 with ${unitText(machine.units, 'float32')}` : 'float32 with plain operations'
  return [
    ...(works.length > 0 ? [formatTable(works.map(readable))] : []),
    ...(ladder
      ? [
          `ladder: ${ladder.puzzles} puzzles × ${ladder.depth} supervision steps in ${ladder.seconds.toFixed(1)} s (target: at most 60 on two cores), ${megabytes(ladder.peakBytes)} MB of memory`,
        ]
      : []),
    ...(recording
      ? [
          `recording: ${recording.rows} rows, ${megabytes(recording.bytes)} MB on disk (target for 16,000,000: at most 400), ${megabytes(recording.peakBytes)} MB of memory (at most 1000), ${recording.seconds.toFixed(1)} s`,
        ]
      : []),
    `${units}, ${machine.threads} threads, ${machine.instructionSet}; ${peer}`,
    '',
  ].join('\n')
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0)
}

function readable(row: ThinkMeasurement): Record<string, string | number> {
  const seconds = Object.entries(row.seconds).map(([side, { median }]) => [`${side} (s)`, median.toFixed(3)])
  const ratios = Object.entries(row.ratios).map(([sides, ratio]) => [sides, ratio.toFixed(2)])
  return {
    work: row.work,
    rows: row.rows,
    depth: row.depth,
    'rows/s': row.rowsPerSecond.toFixed(0),
    ...Object.fromEntries([...seconds, ...ratios]),
    'recorder (%)': (100 * row.recorderShare).toFixed(1),
    rounds: row.counted,
  }
}
