import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { configFromText } from '../../lib/config/parse.js'
import { formatTable } from '../../lib/results/text.js'
import { benchScaling, type ScalingMeasurement, sweeps } from '../scaling.js'

/** `recurlab bench scaling`. */
export const command: Command = {
  help: [
    "Changes one key at a time of a Sudoku model with D = 256, L = 36 + 16 tokens and a batch of 32; every estimate and every measurement has a process of its own, and the machine's own speed, told by a fixed matrix product, is taken out.",
    {
      title: 'Options',
      rows: [
        ['only=A,B', `${Object.keys(sweeps).join(', ')}. Default: all, some 4 minutes.`],
        ['KEY=VALUE', 'Any key of a configuration, for all of them.'],
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
    'cost model (ms)': (1000 * row.modelledSeconds).toFixed(1),
    'predicted (ms)': (1000 * row.predictedSeconds).toFixed(1),
    'step (ms)': (1000 * row.seconds).toFixed(1),
    'cost model (%)': error(row.modelledSeconds, row.seconds).toFixed(0),
    'error (%)': error(row.predictedSeconds, row.seconds).toFixed(0),
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
  const model = largest((row) => error(row.modelledSeconds, row.seconds))
  return `largest error: ${time} % of the time (${model} % by the cost model alone), ${memory} % of the memory`
}
