import { differingHashes } from '../../files/hash-text.js'
import { isJsonObject, type JsonObject } from '../../files/json.js'
import type { RunRecord } from '../../results/run.js'

/** A part of the environment that differs between a run and its repetition. */
export interface EnvironmentChange {
  /** E.g. `threads`, `lib/model/loss.ts`, `package zod`. */
  readonly what: string
  readonly before: string
  readonly after: string
  /** Whether the last bits of a run's numbers can depend on it. */
  readonly decides: boolean
}

type Provenance = RunRecord['provenance']

/** Settings of the backend and the kernels, by their place in the record. */
const COMPUTING: readonly (readonly [what: string, place: readonly string[]])[] = [
  ['backend', ['backend', 'name']],
  ['TensorFlow.js', ['backend', 'tfjsVersion']],
  ['TensorFlow', ['backend', 'libraryVersion']],
  ['threads', ['computeSettings', 'threads']],
  ['rows at a time', ['computeSettings', 'microBatch']],
  ['fused kernels', ['computeSettings', 'fast']],
  ['type', ['computeSettings', 'dtype']],
  ['compiled kernels', ['backend', 'fast', 'build']],
  ['unit for float32', ['backend', 'fast', 'units', 'float32']],
  ['unit for bfloat16', ['backend', 'fast', 'units', 'bfloat16']],
  ['instruction set', ['backend', 'instructionSet']],
  ['processor', ['backend', 'device']],
]

/** Facts that are recorded although no number depends on them. */
const BESIDE: readonly (readonly [what: string, place: readonly string[]])[] = [
  ['commit', ['code', 'commit']],
  ['lock file', ['lockHash']],
  ['Recurlab', ['recurlab']],
  ['Node', ['node']],
  ['operating system', ['machine', 'os']],
  ['host', ['machine', 'host']],
  ['cores', ['machine', 'cores']],
]

/**
 * Returns what differs between the recorded environments of two runs: first what can decide their numbers (sources,
 * backend, kernels, threads, processor, type, TensorFlow's packages), then the rest (commit, lock file, other packages, Node, system).
 */
export function environmentChanges(before: Provenance, after: Provenance): EnvironmentChange[] {
  const of = (places: typeof COMPUTING, decides: boolean): EnvironmentChange[] =>
    places.flatMap(([what, place]) => change(what, at(before, place), at(after, place), decides))
  const packages = namedChanges('package ', at(before, ['packages']), at(after, ['packages']), false)
  const isTensorFlow = ({ what }: EnvironmentChange): boolean => what.startsWith('package @tensorflow/')
  return [
    ...namedChanges('', at(before, ['code', 'files']), at(after, ['code', 'files']), true),
    ...of(COMPUTING, true),
    ...packages.filter(isTensorFlow).map((one) => ({ ...one, decides: true })),
    ...of(BESIDE, false),
    ...packages.filter((one) => !isTensorFlow(one)),
  ]
}

function at(provenance: JsonObject, place: readonly string[]): unknown {
  let value: unknown = provenance
  for (const key of place) value = isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined
  return value
}

function namedChanges(prefix: string, before: unknown, after: unknown, decides: boolean): EnvironmentChange[] {
  const [a, b] = [before, after].map((value) => (isJsonObject(value) ? value : {})) as [JsonObject, JsonObject]
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
    .sort()
    .flatMap((name) => change(`${prefix}${name}`, own(a, name), own(b, name), decides))
}

function own(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined
}

function change(what: string, before: unknown, after: unknown, decides: boolean): EnvironmentChange[] {
  const [one, other] = [text(before), text(after)]
  if (one === other) return []
  const isHash = [one, other].every((word) => /^[0-9a-f]{40,64}$/.test(word))
  const [a, b] = isHash ? differingHashes(one, other) : [one, other]
  return [{ what, before: a, after: b, decides }]
}

function text(value: unknown): string {
  if (value === undefined || value === null) return 'none'
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
