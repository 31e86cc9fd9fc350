import { startBackend } from '../../backend/index.js'
import { referenceSources } from '../../evaluate/parity/folder.js'
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
DIR holds any of these:

  NAME.json, NAME.safetensors  a variant: initial weights, batches, outputs, losses, gradients, carries, and weights
                               after some optimiser steps. It is run through the functions that training uses; an HRM
                               also in the form of a TRM with separate networks, 1-step gradient and continue loss
  official-checkpoint-*/       step_*, its configuration, and the outputs expected after K supervision steps
  data-and-numerics.json       stablemax, RoPE, optimisers and schedules; ARC's grids, names, votes and submission

  --only a,b   these alone (default: all in the folder)
  --json       the table as JSON; an error of null is an infinite one

An error is the largest difference, relative to the largest magnitude of its tensor. Exit code 1 above ${TOLERANCE}.`,
  flags: { only: true, json: false },
  async run({ words, pairs, flags }) {
    const [folder, ...more] = words
    if (folder === undefined || more.length > 0 || pairs.size > 0) throw wrongUse('one folder', `${words.length} words`)
    const available = referenceSources(folder)
    const only = flags.get('only')
    const sources = typeof only === 'string' ? only.split(',').map((name) => named(available, name)) : available
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
        `${rows.length - failed.length} of ${rows.length} quantities within ${TOLERANCE}, out of ${sources.map(({ name }) => name).join(', ')}; backend ${backend.name}\n`,
      )
    }
    return failed.length === 0 ? 0 : 1
  },
}

function named<T extends { readonly name: string }>(available: readonly T[], name: string): T {
  const found = available.find((source) => source.name === name)
  if (found) return found
  throw wrongUse(`--only out of ${available.map((source) => source.name).join(', ')}`, name)
}
