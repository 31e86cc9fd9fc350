import { benchMemory, type MemoryMeasurement } from '../../../experiment/bench/memory.js'
import { formatTable } from '../../../results/text.js'
import { type Args, wrongUse } from '../../command.js'
import { countOf, onlyKeys } from '../../keys.js'

export const benchMemoryHelp = `
recurlab bench memory key=value …   whether training holds on to memory
Trains the pocket Sudoku, batch 64, with small evaluations and saves, and prints what the process holds after 10, 100,
1,000 … steps and the last: tensors and their bytes, which must stay the same, and the memory of the whole process, which
goes up and down by some 5 % but must not climb.

  steps=N        (default: 1000, some minutes)
  microBatch=N   rows computed at one time (default: all)
  --json         as JSON`

/** `recurlab bench memory`. @param words what comes after `memory`: nothing */
export async function benchMemoryAction(words: readonly string[], { pairs, flags }: Args): Promise<number> {
  if (words.length > 0) throw wrongUse('only key=value after memory', words.join(' '))
  const keys = onlyKeys(pairs, ['steps', 'microBatch'])
  const rows = await benchMemory({
    steps: countOf('steps', keys.steps, 1000),
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
