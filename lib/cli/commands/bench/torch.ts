import { unitText } from '../../../backend/kernels.js'
import { type BenchMachine, benchAgainstTorch, type TorchMeasurement } from '../../../experiment/bench/against-torch.js'
import { formatTable } from '../../../results/text.js'
import { type Args, wrongUse } from '../../command.js'
import { countOf, onlyKeys } from '../../keys.js'

export const benchTorchHelp = `
recurlab bench train key=value …   a supervision step with its update, beside PyTorch, eager and compiled
recurlab bench eval key=value …    an evaluation without gradient (Sudoku MLP, batch of 128), likewise
Every side has a process of its own; they take turns in one run, so that a slow spell of the machine meets all. A fixed
matrix product between them tells disturbed rounds, which do not count. Ratios are Recurlab / PyTorch: below 1 is faster;
first that of the fastest rounds, then the median over the rounds. PyTorch is installed into .venv when it is missing.

  only=A,B     sudoku-mlp, sudoku-attention, maze, pocket-mlp, pocket-attention (default: all, some 15 minutes)
  rounds=N     undisturbed ones, for which up to twice as many are made (default: 5)
  dtype=bfloat16
               both sides in bfloat16 (needs AMX or AVX-512 BF16), PyTorch in the faster of autocast and matmul precision
  steps=N      eval: supervision steps (default: 1; the cost is linear in them)
  torch=false  Recurlab alone
  --json       as JSON`

const TRAIN_KEYS = ['only', 'rounds', 'torch', 'dtype'] as const

/** `recurlab bench train` and `bench eval`. @param words what comes after: nothing */
export async function benchTorchAction(
  what: 'train' | 'eval',
  words: readonly string[],
  { pairs, flags }: Args,
): Promise<number> {
  if (words.length > 0) throw wrongUse(`only key=value after ${what}`, words.join(' '))
  const keys = onlyKeys(pairs, what === 'train' ? TRAIN_KEYS : [...TRAIN_KEYS, 'steps'])
  if (keys.torch !== undefined && !['true', 'false'].includes(keys.torch))
    throw wrongUse('torch=true or torch=false', keys.torch)
  if (keys.dtype !== undefined && keys.dtype !== 'float32' && keys.dtype !== 'bfloat16')
    throw wrongUse('dtype=float32 or dtype=bfloat16', keys.dtype)
  const { machine, measurements } = await benchAgainstTorch({
    what,
    ...(keys.only === undefined ? {} : { only: keys.only.split(',') }),
    rounds: countOf('rounds', keys.rounds, 5),
    steps: countOf('steps', 'steps' in keys ? keys.steps : undefined, 1),
    torch: keys.torch !== 'false',
    ...(keys.dtype === undefined ? {} : { dtype: keys.dtype }),
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
  const type = units ? `${dtype} by ${unitText(units, dtype)}` : `${dtype} by plain operations`
  return `${type}, ${threads} threads, ${instructionSet}; ${peer}. Seconds are minimum / median.`
}
