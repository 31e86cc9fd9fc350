import path from 'node:path'
import { isJsonObject, type JsonObject, readJson } from '../../files/json.js'
import { hasEntry } from '../../files/regular.js'
import type { FigureSources } from '../../plot/sources.js'
import { FILES } from '../../results/layout.js'

/** A run whose record is on disk. */
interface StoredRun {
  readonly id: string
  readonly dir: string
}

/**
 * Returns the sources of a figure drawn from runs: their IDs, the commits of the code that trained them (`+ changes` where
 * files differed from the commit) and the hashes of their data sets. A run without a record contributes its ID.
 *
 * @throws UserError when a record cannot be read: the figure would not say what it was drawn from.
 */
export function sourcesOfRuns(runs: readonly StoredRun[]): FigureSources {
  const records = runs.map(({ dir }) => provenanceIn(dir))
  return {
    runs: unique(runs.map(({ id }) => id)),
    code: unique(records.flatMap(codeOf)),
    data: unique(records.flatMap(({ dataHash }) => (typeof dataHash === 'string' ? [dataHash] : []))),
  }
}

function provenanceIn(dir: string): JsonObject {
  const file = path.join(dir, FILES.provenance)
  return hasEntry(file) ? readJson(file) : {}
}

function codeOf({ code }: JsonObject): string[] {
  if (!isJsonObject(code) || typeof code.commit !== 'string') return []
  return [`${code.commit}${Array.isArray(code.changed) && code.changed.length > 0 ? ' + changes' : ''}`]
}

function unique(values: readonly string[]): string[] {
  return [...new Set(values)]
}
