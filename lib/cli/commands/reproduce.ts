import { reproduce } from '../../experiment/reproduce/reproduce.js'
import type { Reproduction } from '../../experiment/reproduce/reproduction.js'
import { reportObserver } from '../../experiment/watch/report.js'
import { streamSink } from '../../notebook/status-line.js'
import { formatTable } from '../../results/text.js'
import { loadDataset } from '../../storage/store.js'
import { type Command, oneWord } from '../command.js'
import { abortOnInterrupt } from '../interrupt.js'
import { onlyKeys, wholeOf } from '../keys.js'

/** `recurlab reproduce RUN`. */
export const command: Command = {
  help: [
    "RUN is a run's ID, a prefix of it, or its folder. It is trained again from its record alone: configuration, data, initial weights, seed, and the recorded threads, type, rows at a time and kernels, by the present code. The metrics, evaluations, outcomes and the newest checkpoint are then compared bit for bit, times apart. The result says that they are the same, or where they first differ and what has changed: sources, packages, commit, backend, kernels, threads, processor.",
    'Exit code 0: the same bits; 1: other bits; 75: stopped and saved, and the same command goes on. The repetition is stored in RESULTS/reproduced/runs.',
    {
      title: 'Options',
      rows: [
        ['steps=N', 'Repeats only the first N optimiser steps. Default: all, up to the newest checkpoint.'],
        ['data=DIR', "The run's data set, if it was moved. Default: the folder it was trained from."],
        ['out=DIR', 'Results folder. Default: results.'],
        ['--json', 'Prints the result with every difference as JSON.'],
      ],
    },
    'RECURLAB_BACKEND, RECURLAB_THREADS, RECURLAB_FAST and RECURLAB_AMX take precedence over the record.',
  ],
  example: 'reproduce 20261104-093012',
  flags: { json: false },
  async run({ words, pairs, flags }) {
    const name = oneWord(words, 'one run')
    const { out, data, steps } = onlyKeys(pairs, ['out', 'data', 'steps'])
    const first = wholeOf('steps', steps)
    const interrupt = abortOnInterrupt()
    const made = await reproduce(name, {
      ...(out === undefined ? {} : { resultsDir: out }),
      ...(data === undefined ? {} : { data: loadDataset(data) }),
      ...(first === undefined ? {} : { steps: first }),
      observer: reportObserver(streamSink(flags.has('json') ? process.stderr : process.stdout)),
      signal: interrupt.signal,
    })
    interrupt.end()
    process.stdout.write(flags.has('json') ? `${JSON.stringify(jsonOf(made))}\n` : `${textOf(made)}\n`)
    return made.isSame ? 0 : 1
  },
}

function textOf(made: Reproduction): string {
  const tables = [made.environmentTable(), made.resultTable()].filter((rows) => rows.length > 0)
  return [made.verdict(), ...tables.map((rows) => formatTable(rows)), ...made.remarks()].join('\n')
}

function jsonOf(made: Reproduction): object {
  const { run, repetition, dir, steps, isSame, compared, equalUntil, differences, environment, results, notes } = made
  return { run, repetition, dir, steps, same: isSame, compared, equalUntil, differences, environment, results, notes }
}
