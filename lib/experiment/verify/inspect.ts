import path from 'node:path'
import { UserError } from '../../errors.js'
import { decodeBatch, scanArrow } from '../../files/arrow-scan.js'
import { Inspection } from '../../files/inspection.js'
import { fileOperations as fs } from '../../files/operations.js'
import { withOpenFile } from '../../files/pieces.js'
import { scanSafetensors } from '../../files/safetensors-scan.js'
import { inspectWeights } from '../../interop/named/inspect.js'
import type { WeightsRecord } from '../../interop/named/record.js'
import { readNotebook } from '../../notebook/notebook.js'
import { FACTS_FILE, type RecordingFacts } from '../../recording/facts.js'
import { inspectRecording } from '../../recording/inspect.js'
import { type InspectedRun, inspectRun } from '../../results/inspect.js'
import { isAtWork } from '../../results/lease.js'
import { type InspectedDataset, inspectDataset } from '../../storage/inspect.js'
import { inspectPlan } from '../sweep/inspect.js'
import type { SweepPlan } from '../sweep/plan.js'
import { readFloor } from '../think/floor.js'
import { checkBeside, PLAIN } from '../think/rollout-recording.js'
import type { Thing } from './things.js'

/** The findings of one inspection, with the facts that others refer to. */
export interface Inspected {
  readonly thing: Thing
  readonly inspection: Inspection
  /** Whether a process writes it; what was complete was inspected. */
  readonly isAtWork: boolean
  readonly run?: InspectedRun
  readonly data?: InspectedDataset
  readonly recording?: RecordingFacts | undefined
  readonly plan?: SweepPlan | undefined
  readonly weights?: WeightsRecord | undefined
}

/** Inspects a thing by itself. @param onBytes called with the number of bytes of every read */
export function inspectThing(thing: Thing, onBytes: (bytes: number) => void): Inspected {
  const { kind, path: place } = thing
  const begin = (): Inspection => new Inspection(place, onBytes)
  if (kind === 'run') {
    const { found, inspection } = inspectRun(place, begin)
    return { thing, inspection, isAtWork: found.isAtWork, run: found }
  }
  const inspection = begin()
  const about = { thing, inspection, isAtWork: false }
  switch (kind) {
    case 'data set':
      return { ...about, data: inspectDataset(place, inspection) }
    case 'recording':
      return { ...about, recording: inspectWithPlain(place, inspection), isAtWork: isAtWork(place) }
    case 'sweep':
      return { ...about, plan: inspectPlan(place, inspection) }
    case 'weights':
      if (!fs.statSync(place).isFile()) return { ...about, weights: inspectWeights(place, inspection) }
      inspection.attempt(() => inspectWeightsFile(place, inspection))
      return about
    case 'notebook':
      inspection.attempt(() => readNotebook(place))
      inspection.read(fs.statSync(place).size)
      return about
    case 'table':
      inspection.attempt(() => inspectTable(place, inspection))
      return about
  }
}

/** Inspects a recording with the deterministic rollouts and the numerical floor beside it. */
function inspectWithPlain(dir: string, inspection: Inspection): RecordingFacts | undefined {
  const facts = inspectRecording(dir, inspection)
  if (facts) inspection.attempt(() => readFloor(dir, facts))
  const plain = path.join(dir, PLAIN)
  if (!fs.existsSync(path.join(plain, FACTS_FILE))) return facts
  const deterministic = inspectRecording(plain, inspection)
  if (facts && deterministic) inspection.attempt(() => checkBeside(facts, plain, deterministic))
  return facts
}

function inspectWeightsFile(file: string, inspection: Inspection): void {
  const { notFinite } = scanSafetensors(file, inspection.read)
  if (notFinite === null) return
  throw new UserError({ where: `${file}, tensor ${notFinite}`, expected: 'finite numbers', found: 'NaN or infinity' })
}

function inspectTable(file: string, inspection: Inspection): void {
  withOpenFile(file, inspection.read, (open) => {
    const scan = scanArrow(open)
    for (const batch of scan.batches) decodeBatch(open, scan.schema, batch)
  })
}
