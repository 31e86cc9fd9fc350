import path from 'node:path'
import { parseConfig } from '../../config/parse.js'
import type { ConfigInput } from '../../config/schema.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { fileOperations as fs } from '../../files/operations.js'
import { expandGrid, type Grid } from './grid.js'
import type { SweepOptions } from './sweep.js'

/** The exports of a sweep file. */
export interface SweepFile {
  /** The keys that all runs share. */
  readonly base: ConfigInput
  /** Values per key, or a list of such grids. */
  readonly grid: Grid | readonly Grid[]
  /** Options of `sweep`: names, draws, metrics, halving. Default none. */
  readonly options?: SweepOptions
  /** The data set of all runs, or a function that makes it. Default: those of the configurations. */
  readonly data?: Dataset | (() => Dataset | Promise<Dataset>)
}

const EXPORTS = ['base', 'grid', 'options', 'data']

/**
 * Loads a TypeScript file that exports `base` and `grid`, and optionally `options` and `data`. Its mixers, losses, metrics
 * and tasks are then known in this process.
 *
 * @throws UserError when it is missing, does not run, or does not export a sweep.
 */
export async function loadSweepFile(file: string): Promise<SweepFile> {
  const place = path.resolve(file)
  if (!fs.existsSync(place)) throw new UserError({ where: file, expected: 'a file', found: 'none', exitCode: 2 })
  const found = (await importFile(place, file)) as Partial<SweepFile>
  const lacking = (['base', 'grid'] as const).find((name) => typeof found[name] !== 'object' || found[name] === null)
  if (lacking)
    throw new UserError({
      where: file,
      expected: `the exports ${EXPORTS.join(', ')}, of which base and grid are needed`,
      found: Object.keys(found).join(', ') || 'none',
      todo: 'export const base = preset(…); export const grid = { mixer: […], seed: […] }',
      exitCode: 2,
    })
  const { base, grid, options, data } = found as SweepFile
  // Parsing registers the functions of the configurations.
  for (const { input } of expandGrid(base, grid, drawsOf(options))) parseConfig(input)
  return { base, grid, ...(options ? { options } : {}), ...(data ? { data } : {}) }
}

function drawsOf({ draws, drawSeed }: SweepOptions = {}): { draws?: number; drawSeed?: number } {
  return { ...(draws === undefined ? {} : { draws }), ...(drawSeed === undefined ? {} : { drawSeed }) }
}

async function importFile(place: string, shown: string): Promise<object> {
  try {
    return (await import(place)) as object
  } catch (error) {
    if (error instanceof UserError) throw error
    throw new UserError(
      {
        where: shown,
        expected: 'a TypeScript file that runs',
        found: error instanceof Error ? `${error.name}: ${error.message}` : String(error),
      },
      { cause: error },
    )
  }
}
