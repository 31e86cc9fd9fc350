import { unitText } from '../../lib/backend/kernels.js'
import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { choiceOf, countOf, onlyKeys, truthOf } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { type BenchMachine, benchAgainstTorch, type TorchMeasurement } from '../against-torch.js'

const help = (
  what: string,
  more: readonly (readonly [term: string, text: string])[],
): Pick<Command, 'help' | 'flags'> => ({
  help: [
    what,
    'Every side has its own process; they alternate in one run, so that a slow spell of the machine affects all. A fixed matrix product between them detects disturbed rounds, which do not count. Ratios are Recurlab / PyTorch, below 1 if Recurlab is faster: first of the fastest rounds, then the median over the rounds. PyTorch is installed into .venv if it is missing.',
    {
      title: 'Options',
      rows: [
        [
          'only=A,B',
          'sudoku-mlp, sudoku-attention, maze, pocket-mlp, pocket-attention. Default: all for bench train, about 15 minutes; sudoku-mlp for bench eval.',
        ],
        ['rounds=N', 'Undisturbed rounds; at most twice as many are made. Default: 5.'],
        [
          'dtype=bfloat16',
          'Both sides in bfloat16 (needs AMX or AVX-512 BF16), PyTorch in the faster of autocast and matmul precision. Default: float32.',
        ],
        ...more,
        ['torch=false', 'Measures Recurlab only. Default: true.'],
        ['--json', 'Prints machine and measurements as JSON.'],
      ],
    },
  ],
  flags: { json: false },
})

/** `recurlab bench train`. */
export const trainCommand: Command = {
  ...help('A supervision step: forward, backward and the update.', []),
  example: 'bench train only=pocket-mlp rounds=3',
  run: (args) => bench('train', args),
}

/** `recurlab bench eval`. */
export const evalCommand: Command = {
  ...help('An evaluation without gradient, with a batch of 128.', [
    ['supervisionSteps=N', 'Supervision steps; the cost is linear in them. Default: 1.'],
  ]),
  example: 'bench eval torch=false',
  run: (args) => bench('eval', args),
}

const TRAIN_KEYS = ['only', 'rounds', 'torch', 'dtype'] as const

async function bench(what: 'train' | 'eval', { words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, what === 'train' ? TRAIN_KEYS : [...TRAIN_KEYS, 'supervisionSteps'])
  const dtype = choiceOf('dtype', keys.dtype, ['float32', 'bfloat16'])
  const { machine, measurements } = await benchAgainstTorch({
    what,
    ...(keys.only === undefined ? {} : { only: keys.only.split(',') }),
    rounds: countOf('rounds', keys.rounds, 5),
    supervisionSteps: countOf('supervisionSteps', 'supervisionSteps' in keys ? keys.supervisionSteps : undefined, 1),
    torch: truthOf('torch', keys.torch) ?? true,
    ...(dtype === undefined ? {} : { dtype }),
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  if (flags.has('json')) process.stdout.write(`${JSON.stringify({ machine, measurements })}\n`)
  else process.stdout.write(`${formatTable(measurements.map(readable))}\n${describe(machine)}\n`)
  return 0
}

function readable(row: TorchMeasurement): Record<string, string | number> {
  const seconds = Object.entries(row.seconds).map(([side, { minimum, median }]) => [
    `${side} (s)`,
    `${minimum.toFixed(3)} / ${median.toFixed(3)}`,
  ])
  const ratios = Object.entries(row.ratios).map(([side, { minimum, median }]) => [
    `÷ ${side}`,
    `${minimum.toFixed(2)} / ${median.toFixed(2)}`,
  ])
  const own = row.peakBytes.recurlab ?? 0
  const other = row.peakBytes.eager
  return {
    work: row.work,
    ...Object.fromEntries([...seconds, ...ratios]),
    'GFLOP/s': row.gflops.toFixed(0),
    ...(row.matmulGflops === null ? {} : { 'of matmul (%)': ((100 * row.gflops) / row.matmulGflops).toFixed(0) }),
    'memory (GB)': (own / 1e9).toFixed(1),
    ...(other === undefined ? {} : { '÷ eager memory': (own / other).toFixed(2) }),
    ...(row.puzzlesPerSecond ? { 'puzzles/s': row.puzzlesPerSecond.recurlab!.toFixed(1) } : {}),
    rounds: `${row.counted} of ${row.rounds}`,
  }
}

function describe({ threads, instructionSet, torch, dtype, units }: BenchMachine): string {
  const peer = torch === null ? 'without PyTorch' : `PyTorch ${torch}`
  const type = units ? `${dtype} with ${unitText(units, dtype)}` : `${dtype} with plain operations`
  return `${type}, ${threads} threads, ${instructionSet}; ${peer}. Seconds are minimum / median.`
}
