import { startBackend } from '../../backend/index.js'
import { compareWithReference } from '../../evaluate/parity/compare.js'
import { listReferences, readReference } from '../../evaluate/parity/reference.js'
import type { ParityRow } from '../../evaluate/parity/table.js'
import { formatTable } from '../../results/text.js'
import { type Command, wrongUse } from '../command.js'

/** Largest relative error that a right float32 implementation may show. */
const TOLERANCE = 1e-4

/** `recurlab parity DIR`. */
export const command: Command = {
  usage: 'parity DIR [--only a,b] [--json]',
  summary: 'compare this build with a folder of reference numbers',
  help: `
DIR holds, per variant, NAME.json and NAME.safetensors: initial weights, batches, outputs, losses, gradients,
carries, and weights after three optimiser steps. Each is run through the functions that training uses.

  --only a,b   these variants (default: all in the folder)
  --json       the table as JSON

An error is the largest difference, relative to the largest magnitude of its tensor. Exit code 1 above ${TOLERANCE}.`,
  flags: { only: true, json: false },
  async run({ words, pairs, flags }) {
    const [folder, ...more] = words
    if (folder === undefined || more.length > 0 || pairs.size > 0) throw wrongUse('one folder', `${words.length} words`)
    const available = listReferences(folder)
    const only = flags.get('only')
    const names = typeof only === 'string' ? only.split(',') : available
    const unknown = names.find((name) => !available.includes(name))
    if (unknown !== undefined) throw wrongUse(`--only out of ${available.join(', ')}`, unknown)
    const backend = await startBackend()
    const rows: ParityRow[] = []
    for (const name of names) rows.push(...compareWithReference(readReference(folder, name)))
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
        `${rows.length - failed.length} of ${rows.length} quantities within ${TOLERANCE}, ${names.length} variants, backend ${backend.name}\n`,
      )
    }
    return failed.length === 0 ? 0 : 1
  },
}
