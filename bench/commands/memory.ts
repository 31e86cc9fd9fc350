import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { benchMemory, type MemoryMeasurement } from '../memory.js'

/** `recurlab bench memory`. */
export const command: Command = {
  help: [
    'Trains the pocket Sudoku, batch 64, with small evaluations and saves, and prints the memory after 10, 100, 1,000 … steps and the last: tensors and their bytes, which must stay the same, and the resident memory of the process, which fluctuates by about 5 % but must not grow.',
    {
      title: 'Options',
      rows: [
        ['trainSteps=N', 'Training steps. Default: 1000, which take some minutes.'],
        ['microBatch=N', 'Rows computed at a time. Default: all.'],
        ['--json', 'Prints the table as JSON.'],
      ],
    },
  ],
  example: 'bench memory trainSteps=100',
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['trainSteps', 'microBatch'])
  const rows = await benchMemory({
    trainSteps: countOf('trainSteps', keys.trainSteps, 1000),
    microBatch: countOf('microBatch', keys.microBatch, 64),
  })
  process.stdout.write(`${flags.has('json') ? JSON.stringify(rows) : formatTable(rows.map(readable))}\n`)
  return 0
}

function readable({ step, tensors, tensorBytes, residentBytes }: MemoryMeasurement): Record<string, number> {
  return {
    step,
    tensors,
    'tensors (MB)': Math.round(tensorBytes / 1e4) / 100,
    'process (MB)': Math.round(residentBytes / 1e6),
  }
}
