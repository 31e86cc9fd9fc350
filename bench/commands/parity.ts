import { startBackend } from '../../lib/backend/index.js'
import { type Command, oneWord } from '../../lib/cli/command.js'
import { onlyKeys, severalOf } from '../../lib/cli/keys.js'
import { formatTable } from '../../lib/results/text.js'
import { referenceSources } from '../parity/folder.js'
import type { ParityRow } from '../parity/table.js'

/** Maximum relative error of a correct float32 implementation. */
const TOLERANCE = 1e-4

/** `recurlab parity DIR`. */
export const command: Command = {
  help: [
    'DIR contains any of these:',
    {
      title: 'Reference numbers',
      rows: [
        [
          'NAME.json, NAME.safetensors',
          'A variant: initial weights, batches, outputs, losses, gradients, carries, and weights after some optimiser steps. It is run through the functions that training uses; an HRM also as a TRM with separate networks, one-step gradient and continue loss.',
        ],
        ['official-checkpoint-*/', 'step_*, its configuration, and the outputs expected after K supervision steps.'],
        [
          'data-and-numerics.json',
          "stablemax, RoPE, optimisers and schedules; ARC's grids, names, votes and submission.",
        ],
      ],
    },
    `An error is the largest difference relative to the largest magnitude of its tensor. Exit code 1 if any exceeds ${TOLERANCE}.`,
    {
      title: 'Options',
      rows: [
        ['--only A,B', 'Only these. Default: all in the folder.'],
        ['--json', 'Prints the table as JSON; null stands for an infinite error.'],
      ],
    },
  ],
  example: 'parity tests/fixtures/golden --only trm-att',
  flags: { only: true, json: false },
  async run({ words, pairs, flags }) {
    const folder = oneWord(words, 'one folder')
    onlyKeys(pairs, [])
    const available = referenceSources(folder)
    const only = flags.get('only')
    const sources =
      typeof only === 'string'
        ? severalOf(
            '--only ',
            only,
            available.map(({ name }) => name),
          ).map((name) => available.find((source) => source.name === name)!)
        : available
    const backend = await startBackend()
    const rows: ParityRow[] = []
    for (const source of sources) rows.push(...(await source.compare()))
    const failed = rows.filter((row) => !(row.error <= TOLERANCE))
    if (flags.has('json')) process.stdout.write(`${JSON.stringify({ backend, tolerance: TOLERANCE, rows }, null, 2)}\n`)
    else {
      const table = rows.map((row) => ({
        ...row,
        error: row.error.toExponential(1),
        ok: row.error <= TOLERANCE ? 'yes' : 'NO',
      }))
      process.stdout.write(`${formatTable(table)}\n`)
      process.stdout.write(
        `${rows.length - failed.length} of ${rows.length} quantities within ${TOLERANCE}, from ${sources.map(({ name }) => name).join(', ')}; backend ${backend.name}\n`,
      )
    }
    return failed.length === 0 ? 0 : 1
  },
}
