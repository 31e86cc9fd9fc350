import { isJsonObject, type JsonObject } from '../files/json.js'
import { packageVersions } from './provenance.js'
import type { RunRecord } from './record.js'
import { runningSources } from './sources.js'

type Made = Pick<RunRecord, 'id' | 'provenance'>

/** The code of a run: names of everything that decides its numbers, with a hash or version each. */
type Code = Readonly<Record<string, unknown>>

/** Maximum number of names in a sentence. */
const NAMED = 4

/** Returns the sources of this process, and the versions of its computing packages. */
export function codeHere(): Code {
  return { ...runningSources().files, ...computing(packageVersions()) }
}

/**
 * Reports that a run was made, or resumed, by other code than this process runs, and which sources or packages differ;
 * null when all of it was made by this code.
 */
export function otherCode(run: Made, here: Code = codeHere()): string | null {
  return otherCodes([run], here)
}

/** Summarises {@link otherCode} of several runs in one sentence. */
export function otherCodes(runs: readonly Made[], here: Code = codeHere()): string | null {
  const found = runs.map(({ id, provenance }) => ({ id, differing: differing(provenance, here) }))
  const others = found.filter(({ differing }) => differing === null || differing.length > 0)
  const [first] = others
  if (!first) return null
  const what = others.length === 1 ? `run ${first.id} was` : `${others.length} stored runs were`
  return `${what} made by other code: ${listed([...new Set(others.flatMap(({ differing }) => differing ?? []))].sort())}`
}

/**
 * Returns the files and packages that differ from those that started or resumed a run; null when its record lacks them.
 */
function differing(provenance: RunRecord['provenance'], here: Code): string[] | null {
  const resumed = Array.isArray(provenance.resumed) ? provenance.resumed.filter(isJsonObject) : []
  const all = [provenance, ...resumed].map(({ code, packages }) =>
    isJsonObject(code) && isJsonObject(code.files) && isJsonObject(packages)
      ? differ({ ...code.files, ...computing(packages) }, here)
      : null,
  )
  return all.includes(null) ? null : all.flatMap((one) => one ?? [])
}

function computing(packages: JsonObject): Code {
  return Object.fromEntries(Object.entries(packages).filter(([name]) => name.startsWith('@tensorflow/')))
}

function differ(then: Code, now: Code): string[] {
  return [...new Set([...Object.keys(then), ...Object.keys(now)])].filter((name) => then[name] !== now[name])
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return 'its record does not say which'
  const more = names.length - NAMED
  const named = names.slice(0, NAMED).join(', ')
  return `${named}${more > 0 ? ` and ${more} more` : ''} ${names.length === 1 ? 'differs' : 'differ'}`
}
