import { fileURLToPath } from 'node:url'
import { type Args, type Command, noWords } from '../../lib/cli/command.js'
import { countOf, onlyKeys } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { type BitsMeasurement, benchBits, bitsSettings } from '../bits.js'

const program = fileURLToPath(new URL('../../lib/cli/recurlab.mjs', import.meta.url))

/** `recurlab bench bits`. */
export const command: Command = {
  help: [
    'Trains the same pocket run (Sudoku, MLP and self-attention) under several backends, threads and precisions, and compares each with the native backend, fused kernels, two threads, float32: the first step that differs, the largest relative difference of the training loss in the first step, in ten and in all, ‖Δw‖/‖w‖ of all weights at the end, and exact accuracy. A setting that this machine lacks is named.',
    {
      title: 'Options',
      rows: [
        ['only=NAME,…', `Some of: ${Object.keys(bitsSettings).join(', ')}. Default: all.`],
        ['trainSteps=N', 'Optimiser steps. Default: 60.'],
        ['--json', 'Prints the measurements as JSON.'],
      ],
    },
  ],
  example: "bench bits 'only=1 thread,bfloat16'",
  flags: { json: false },
  run: bench,
}

async function bench({ words, pairs, flags }: Args): Promise<number> {
  noWords(words)
  const keys = onlyKeys(pairs, ['only', 'trainSteps'])
  const { measured, skipped } = await benchBits(program, {
    trainSteps: countOf('trainSteps', keys.trainSteps, 60),
    ...(keys.only === undefined ? {} : { only: keys.only.split(',') }),
    onProgress: (line) => process.stderr.write(`${line}\n`),
  })
  if (flags.has('json')) process.stdout.write(`${JSON.stringify({ measured, skipped })}\n`)
  else {
    const lines = skipped.map(({ setting, reason }) => `${setting}: not measured, ${reason}`)
    process.stdout.write(`${[formatTable(measured.map(row)), ...lines].join('\n')}\n`)
  }
  return 0
}

function row({ mixer, setting, firstStep, loss, weights, exact, seconds }: BitsMeasurement) {
  return {
    mixer,
    setting,
    'first step': firstStep === null ? 'same bits' : firstStep,
    'loss, step 1': small(loss.first),
    '10 steps': small(loss.ten),
    'all steps': small(loss.all),
    weights: small(weights),
    'exact accuracy (%)': Math.round(exact * 1000) / 10,
    seconds: Math.round(seconds),
  }
}

function small(value: number): string {
  return value === 0 ? '0' : value.toExponential(0)
}
