import path from 'node:path'
import { processorName, threadCount } from '../../backend/machine.js'
import type { Dataset } from '../../data/dataset.js'
import { UserError } from '../../errors.js'
import { sha256 } from '../../files/atomic.js'
import { isJsonObject } from '../../files/json.js'
import { fileOperations as fs } from '../../files/operations.js'
import { projectFolder } from '../../files/places.js'
import { canonicalJson, readSealedJson, type SealedFormat, writeSealedJson } from '../../files/sealed-json.js'
import { codeHere } from '../../results/other-code.js'
import type { Estimate } from '../estimate/memory.js'
import type { RunWork } from '../estimate/work.js'
import { guessWork, type MeasuredWork, runSeconds, scaledSeconds, sharedSeconds, type WorkSeconds } from './cost.js'
import { measureWork } from './measure.js'
import { measureInWorkers } from './measure-workers.js'
import type { SweepPlan } from './plan.js'
import { type Sharing, threadsOfEach } from './sharing.js'

/** An unfinished run, of which time and sharing are decided. */
export interface LeftRun {
  readonly index: number
  readonly work: RunWork
  /** Steps that it has already made. */
  readonly step: number
  readonly memory: Estimate | null
}

/** The unfinished runs of a plan and the choices that are open for them. */
export interface ShareRequest {
  readonly plan: SweepPlan
  readonly left: readonly LeftRun[]
  /** The most workers, which read the stored plan; with 1, the runs are trained in this process. */
  readonly most: number
  /** Whether fewer workers than `most` may be chosen. */
  readonly free: boolean
  readonly signal?: AbortSignal | undefined
  /** Folder of earlier measurements. Default: `.recurlab/cache/sweeps`. */
  readonly cache?: string
  dataOf(index: number): Promise<Dataset>
}

/** How runs are shared, and the seconds that they take together. */
export interface ChosenSharing extends Sharing {
  readonly seconds: number
  /** Whether the seconds are measured, not guessed. */
  readonly measured: boolean
}

/** Guessed seconds below which the time is not measured, … */
const NOT_MEASURED = 30
/** … below which one process is chosen, since others take longer to start, … */
const NOT_SHARED = 10
/** … and measured seconds below which one process with all threads is not measured too. */
const NOT_COMPARED = 60

/** Kinds of work that are measured; others are scaled from these. */
const MOST_MEASURED = 4

/**
 * Chooses how runs are shared among processes by measuring their steps: the most workers, all at work at the same time, against
 * one process with all threads. Small models gain from several processes, large ones from the threads. Measurements are kept in
 * `.recurlab/cache/sweeps`; a short sweep is not measured.
 */
export async function chooseSharing(request: ShareRequest): Promise<ChosenSharing> {
  const { left, most, free } = request
  const [one, shared] = [sharingOf(1), sharingOf(most)]
  const guess = guessed(left, one)
  if (guess.seconds < NOT_SHARED && free) return guess
  if (guess.seconds < NOT_MEASURED) return guessed(left, shared)
  const first = await secondsOf(request, shared)
  if (!first) return guessed(left, shared)
  if (most === 1 || !free || first.seconds < NOT_COMPARED) return first
  const alone = await secondsOf(request, one)
  return alone && alone.seconds < first.seconds ? alone : first
}

function sharingOf(workers: number): Sharing {
  return { workers, threads: threadsOfEach(workers) }
}

function guessed(left: readonly LeftRun[], { workers, threads }: Sharing): ChosenSharing {
  // Threads of one process are taken to share its arithmetic fully.
  const seconds = left.map(({ work, step }) => runSeconds(work, guessWork(work), step) / threads)
  return { workers, threads, seconds: sharedSeconds(seconds, workers), measured: false }
}

/** Returns the measured seconds of a sharing; null when they could not be measured, or the user stopped. */
async function secondsOf(request: ShareRequest, sharing: Sharing): Promise<ChosenSharing | null> {
  const { left } = request
  const kinds = representatives(left)
  const file = path.join(request.cache ?? CACHE, cacheName(kinds, sharing))
  const seconds = readCache(file, kinds.length) ?? (await measured(request, sharing, kinds))
  if (!seconds) return null
  writeCache(file, seconds)
  const known = kinds.map(({ work }, i): MeasuredWork => ({ work, seconds: seconds[i]! }))
  const runs = left.map(({ work, step }) => runSeconds(work, scaledSeconds(work, known), step))
  return { ...sharing, seconds: sharedSeconds(runs, sharing.workers), measured: true }
}

/** Returns one run of each kind of work; of many kinds, some of evenly spread cost. */
function representatives(left: readonly LeftRun[]): LeftRun[] {
  const kinds = [...new Map(left.map((run) => [run.work.key, run])).values()]
  kinds.sort((a, b) => a.work.macs.step - b.work.macs.step)
  if (kinds.length <= MOST_MEASURED) return kinds
  return Array.from(
    { length: MOST_MEASURED },
    (_, i) => kinds[Math.round((i * (kinds.length - 1)) / (MOST_MEASURED - 1))]!,
  )
}

async function measured(
  { plan, dataOf, signal }: ShareRequest,
  sharing: Sharing,
  kinds: readonly LeftRun[],
): Promise<readonly WorkSeconds[] | null> {
  if (signal?.aborted) return null
  if (sharing.workers > 1) {
    const runs = kinds.map(({ index, memory }) => ({ index, memory }))
    return measureInWorkers(plan, sharing, runs, signal)
  }
  const seconds: WorkSeconds[] = []
  for (const { index, work, memory } of kinds) {
    if (signal?.aborted) return null
    seconds.push(await measureWork(work, await dataOf(index), memory))
  }
  return seconds
}

const FORMAT: SealedFormat = { what: 'measured seconds', version: 2, todo: 'Delete it: it is measured again.' }

const CACHE = path.join(projectFolder, '.recurlab', 'cache', 'sweeps')

/** Names what the measured seconds depend on. */
function cacheName(kinds: readonly LeftRun[], { workers, threads }: Sharing): string {
  const facts = [kinds.map(({ work }) => work.key), workers, threads, processorName(), threadCount(), codeHere()]
  return `${sha256(canonicalJson(facts)).slice(0, 16)}.json`
}

/** Returns earlier measurements; null without any, or when the file is damaged or of another format. */
function readCache(file: string, kinds: number): readonly WorkSeconds[] | null {
  if (!fs.existsSync(file)) return null
  try {
    const { seconds } = readSealedJson(file, FORMAT)
    return Array.isArray(seconds) && seconds.length === kinds && seconds.every(isSeconds) ? seconds : null
  } catch (error) {
    if (error instanceof UserError) return null
    throw error
  }
}

function isSeconds(value: unknown): value is WorkSeconds {
  return isJsonObject(value) && Number.isFinite(value.step) && Number.isFinite(value.evaluation)
}

/** Without the cache, the next call measures again. */
function writeCache(file: string, seconds: readonly WorkSeconds[]): void {
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true })
    writeSealedJson(file, FORMAT, { seconds })
  } catch (error) {
    if (!(error instanceof Error)) throw error
  }
}
