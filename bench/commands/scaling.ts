import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { configFromText } from '../../lib/config/parse.js'
import { formatTable } from '../../lib/results/text.js'
import { benchScaling, type ScalingMeasurement, sweeps } from '../scaling.js'

/** `recurlab bench scaling`. */
export const command: Command = {
  help: [
    'Changes one key at a time of a Sudoku model with D = 256, L = 36 + 16 tokens and a batch of 32. Compares the memory estimate with the growth of the process in its steps, and the predicted length of a short run with its real length. Every estimate and every measurement has its own process.',
    {
      title: 'Options',
      rows: [
        ['only=A,B', `${Object.keys(sweeps).join(', ')}. Default: all, about 8 minutes.`],
        ['KEY=VALUE', 'A configuration key for all measurements.'],
        ['--json', 'Prints the table as JSON.'],
      ],
    },
  ],
  example: 'bench scaling only=batch',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const { only, ...rest } = Object.fromEntries(pairs)
  const rows = await benchScaling({
    ...(only === undefined ? {} : { only: only.split(',') }),
    config: configFromText(new Map(Object.entries(rest))),
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  if (flags.has('json')) process.stdout.write(`${JSON.stringify(rows)}\n`)
  else process.stdout.write(`${formatTable(rows.map(readable))}\n${summary(rows)}\n`)
  return 0
}

const error = (predicted: number, real: number): number => (100 * (predicted - real)) / real

function readable(row: ScalingMeasurement): Record<string, string | number> {
  return {
    key: row.key,
    value: row.value,
    microBatch: row.microBatch,
    'estimate (s)': row.estimateSeconds.toFixed(2),
    'step (ms)': (1000 * row.stepSeconds).toFixed(1),
    'known after (s)': row.knownAfterSeconds.toFixed(1),
    'predicted (s)': row.predictedSeconds.toFixed(1),
    'run (s)': row.seconds.toFixed(1),
    'time error (%)': error(row.predictedSeconds, row.seconds).toFixed(0),
    'predicted (MB)': (row.predictedBytes / 1e6).toFixed(0),
    'process (MB)': (row.grownBytes / 1e6).toFixed(0),
    'memory error (%)': error(row.predictedBytes, row.grownBytes).toFixed(0),
  }
}

function summary(rows: readonly ScalingMeasurement[]): string {
  const largest = (of: (row: ScalingMeasurement) => number): string =>
    Math.max(...rows.map((row) => Math.abs(of(row)))).toFixed(0)
  const time = largest((row) => error(row.predictedSeconds, row.seconds))
  const memory = largest((row) => error(row.predictedBytes, row.grownBytes))
  return `largest error: ${time} % of the time, ${memory} % of the memory`
}
