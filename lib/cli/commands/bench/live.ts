import { benchLive, type LiveMeasurement } from '../../../experiment/bench/live.js'
import { formatTable } from '../../../results/text.js'
import { type Args, wrongUse } from '../../command.js'
import { countOf, onlyKeys } from '../../keys.js'

export const benchLiveHelp = `
recurlab bench live key=value …   what the line of progress and the live curves of a notebook cost a training step
Trains the pocket Sudoku with and without them in turn, so that both see the same load: milliseconds of a step, processor
time of a step, and the share of a watched step that went into watching.

  steps=N    steps of a round (default: 60)
  rounds=N   rounds with and without (default: 3)
  --json     as JSON`

/** `recurlab bench live`. @param words what comes after `live`: nothing */
export async function benchLiveAction(words: readonly string[], { pairs, flags }: Args): Promise<number> {
  if (words.length > 0) throw wrongUse('only key=value after live', words.join(' '))
  const keys = onlyKeys(pairs, ['steps', 'rounds'])
  const row = await benchLive({ steps: countOf('steps', keys.steps, 60), rounds: countOf('rounds', keys.rounds, 3) })
  process.stdout.write(`${flags.has('json') ? JSON.stringify([row]) : formatTable([readable(row)])}\n`)
  return 0
}

function readable(row: LiveMeasurement): Record<string, string | number> {
  return {
    'step (ms)': row.silentStepMs,
    'watched (ms)': row.watchedStepMs,
    'CPU of a step (ms)': row.silentCpuMs,
    'watched, CPU (ms)': row.watchedCpuMs,
    updates: row.updates,
    drawings: row.drawings,
    'one drawing (ms)': row.drawingMs,
    'share of a step (%)': row.share * 100,
  }
}
