import path from 'node:path'
import { parseConfig } from '../../config/parse.js'
import { UserError } from '../../errors.js'
import { differingHashes } from '../../files/hash-text.js'
import { fileOperations as fs } from '../../files/operations.js'
import { placeToRead } from '../../files/places.js'
import { FILES } from '../../results/layout.js'
import { openRun, runStatus } from '../../results/run.js'
import { MANIFEST, readManifest } from '../../storage/manifest.js'
import { type PlannedRun, runHashes, type SweepPlan } from '../sweep/plan.js'
import { storedDataFolder } from '../sweep/train-planned.js'
import type { Inspected } from './inspect.js'

/**
 * Checks what things say of each other: a run's data set, the runs and data sets of a plan, the run of a recording. Something
 * else in the place that is named is a fault; that it is gone is a note, because users remove what they do not need.
 */
export function checkReferences(all: readonly Inspected[], results: string | undefined): void {
  const hashes = new Map(
    all.flatMap(({ thing, data }) => (data?.hash ? [[path.resolve(thing.path), data.hash] as const] : [])),
  )
  for (const inspected of all) {
    const { run, plan, recording, inspection } = inspected
    if (run) inspection.attempt(() => checkData(inspected, hashes))
    if (plan) {
      for (const planned of plan.runs) inspection.attempt(() => checkPlanned(plan, planned))
      for (const hash of plan.storedData) inspection.attempt(() => checkStored(plan, hash, hashes))
    }
    const from = recording?.notes.run
    if (typeof from === 'string' && isGone(from, resultsOf(inspected, results)))
      inspection.note(`run ${from}, whose weights it has rollouts of, is not here`)
  }
}

/** Returns the results folder of a recording: that above it. */
function resultsOf({ thing }: Inspected, results: string | undefined): string {
  const above = path.dirname(path.resolve(thing.path))
  return path.basename(above) === 'recordings' ? path.dirname(above) : (results ?? path.dirname(above))
}

function isGone(run: string, results: string): boolean {
  return !fs.existsSync(path.join(results, 'runs', run))
}

function checkData({ thing, run, inspection }: Inspected, hashes: ReadonlyMap<string, string>): void {
  const { data, dataHash } = run!
  if (data === null || dataHash === null) return
  const place = placeToRead(data)
  const found = hashes.get(path.resolve(place)) ?? hashIn(place)
  if (found === null) inspection.note(`its data set ${data} is not here, or cannot be read`)
  else if (found !== dataHash) {
    const [own, other] = differingHashes(dataHash, found)
    throw new UserError({
      where: path.join(thing.path, FILES.provenance),
      expected: `the data set that it was trained on (hash ${own}) in ${data}`,
      found: `another one (hash ${other})`,
      todo: 'Put it back: recurlab data build builds it from the options in its manifest.',
    })
  }
}

/** Returns the hash that the manifest of a data set names; null without a readable one. */
function hashIn(dir: string): string | null {
  try {
    return readManifest(path.join(dir, MANIFEST)).hash
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

/** Checks that a stored run is the one that was planned. Whether it can be read is for its own inspection to say. */
function checkPlanned(plan: SweepPlan, { run, hashes }: PlannedRun): void {
  const stored = readable(() => (runStatus(run, plan.resultsDir) ? openRun(run, plan.resultsDir) : null))
  if (!stored) return
  const found = runHashes(parseConfig(stored.config), String(stored.provenance.dataHash))
  const differs = (['config', 'data', 'recursion'] as const).find((name) => found[name] !== hashes[name])
  if (differs === undefined) return
  const [own, other] = differingHashes(String(hashes[differs]), String(found[differs]))
  throw new UserError({
    where: path.join(plan.dir, 'plan.json'),
    expected: `run ${run} with the planned ${WORDS[differs]} (hash ${own})`,
    found: `one with another (hash ${other})`,
    todo: 'Move that run away, and resume the sweep, or plan the sweep again.',
  })
}

const WORDS = { config: 'configuration', data: 'data set', recursion: 'recursion' } as const

function checkStored(plan: SweepPlan, hash: string, hashes: ReadonlyMap<string, string>): void {
  const dir = storedDataFolder(plan, hash)
  const found = hashes.get(path.resolve(dir)) ?? hashIn(dir)
  if (found === hash) return
  throw new UserError({
    where: dir,
    expected: `the data set that was stored with the plan (hash ${hash.slice(0, 12)})`,
    found: found === null ? 'none that can be read' : `another one (hash ${found.slice(0, 12)})`,
    todo: 'Copy it again, or plan the sweep again.',
  })
}

function readable<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}
