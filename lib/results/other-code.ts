import { isJsonObject } from '../files/json.js'
import type { RunRecord } from './record.js'
import { runningSources } from './sources.js'

type Made = Pick<RunRecord, 'id' | 'provenance'>

/** Names that a sentence holds. */
const NAMED = 4

/**
 * Says that a run was made by other code than runs here, or went on with it after a stop, and which of the sources that
 * decide numbers differ; null where all of it was made by this code.
 */
export function otherCode(run: Made): string | null {
  return otherCodes([run])
}

/** {@link otherCode} of several runs, in one sentence. */
export function otherCodes(runs: readonly Made[]): string | null {
  const here = runningSources()
  const codes = runs.map((run) => ({ id: run.id, codes: codesOf(run) }))
  const others = codes.filter(({ codes }) => codes.some((code) => code?.hash !== here.hash))
  const [first] = others
  if (!first) return null
  const differing = others.flatMap(({ codes }) => codes.flatMap((code) => (code ? differ(code.files, here.files) : [])))
  const what = others.length === 1 ? `run ${first.id} was` : `${others.length} stored runs were`
  return `${what} made by other code: ${listed([...new Set(differing)].sort())}`
}

interface KnownCode {
  readonly hash: string
  readonly files: Readonly<Record<string, unknown>>
}

/** The code that began a run, and that of each time it went on; null where the record does not say. */
function codesOf({ provenance }: Made): (KnownCode | null)[] {
  const resumed = Array.isArray(provenance.resumed) ? provenance.resumed.filter(isJsonObject) : []
  return [provenance, ...resumed].map(({ code }) =>
    isJsonObject(code) && typeof code.hash === 'string' && isJsonObject(code.files)
      ? { hash: code.hash, files: code.files }
      : null,
  )
}

function differ(then: Readonly<Record<string, unknown>>, now: Readonly<Record<string, unknown>>): string[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])].filter((file) => then[file] !== now[file])
}

function listed(files: readonly string[]): string {
  if (files.length === 0) return 'its record does not say which'
  const more = files.length - NAMED
  const named = files.slice(0, NAMED).join(', ')
  return `${named}${more > 0 ? ` and ${more} more` : ''} ${files.length === 1 ? 'differs' : 'differ'}`
}
