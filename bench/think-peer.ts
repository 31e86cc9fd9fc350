import { rmSync, statSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { startBackend } from '../lib/backend/index.js'
import type { Dataset } from '../lib/data/dataset.js'
import { statesOfSteps } from '../lib/evaluate/states.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { initialModel, type Model } from '../lib/model/model.js'
import { ANSWERS_FILE, type RecordingHeader, STEPS_FILE } from '../lib/recording/facts.js'
import { Recorder } from '../lib/recording/recorder.js'
import { rolloutSteps } from '../lib/think/rollouts.js'
import { type RolloutSettings, rolloutSettings } from '../lib/think/settings.js'
import type { StepMeasures } from '../lib/think/step-measures.js'
import { syntheticSteps } from './synthetic-steps.js'
import { prepared, type ThinkWork, workOf } from './think-works.js'
import { randomBatch } from './work.js'

/** A request to Recurlab's side of `recurlab bench think`. */
export interface ThinkRequest {
  /**
   * `think`: rollouts whose measurements are dropped. `record`: rollouts whose measurements are recorded. `recursion`: as many
   * rows without noise and measurements. `synthetic`: a recording of random measurements.
   */
  readonly do: 'setup' | 'think' | 'record' | 'recursion' | 'synthetic'
  readonly work?: string
  /** Rows computed at a time. Default: that of `think`. */
  readonly batch?: number | undefined
  /** Puzzles of a work, if not its own number, or of a synthetic recording. */
  readonly puzzles?: number | undefined
  /** Sizes of a synthetic recording. */
  readonly rollouts?: number
  readonly depth?: number
}

/** An answer; `recording` is that of `record` and `synthetic`. */
export interface ThinkAnswer {
  readonly seconds: number
  /** Seconds of all threads, which other users of the machine lengthen less. */
  readonly processorSeconds: number
  readonly peakBytes: number
  readonly recording: RecordingCost | null
}

/** Cost of a recording. */
export interface RecordingCost {
  readonly rows: number
  /** Bytes on disk. */
  readonly bytes: number
  /** Seconds within the recorder. */
  readonly seconds: number
}

/** A prepared measurement. */
interface Ready {
  readonly work: ThinkWork
  readonly model: Model
  readonly data: Dataset
  readonly settings: RolloutSettings
}

async function main(): Promise<void> {
  await startBackend()
  let ready: Ready | undefined
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as ThinkRequest
    const started = performance.now()
    const before = process.cpuUsage()
    let recording: RecordingCost | null = null
    if (request.do === 'setup') ready = await setUp(request)
    else if (request.do === 'think') for await (const _ of steps(ready!)) void _
    else if (request.do === 'recursion') recursion(ready!)
    else if (request.do === 'record') recording = await recorded(ready!.settings, ready!.data.manifest, steps(ready!))
    else recording = await synthetic(request)
    const seconds = (performance.now() - started) / 1000
    const { user, system } = process.cpuUsage(before)
    const answer: ThinkAnswer = {
      seconds,
      processorSeconds: (user + system) / 1e6,
      peakBytes: process.resourceUsage().maxRSS * 1024,
      recording,
    }
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
}

async function setUp({ work: title, batch, puzzles }: ThinkRequest): Promise<Ready> {
  const work = workOf(title!, puzzles)
  const { data, shape } = await prepared(work)
  const { depth, rollouts, noise } = work
  const settings = rolloutSettings({ rollouts, noise, ...(batch ? { batch } : {}) }, depth)
  return { work, data, settings, model: initialModel(shape, 0) }
}

function steps({ model, data, settings }: Ready): AsyncGenerator<StepMeasures, void> {
  return rolloutSteps(model, data, settings, {})
}

function recursion({ model, settings, work }: Ready): void {
  const rows = work.puzzles * work.rollouts
  for (let row = 0; row < rows; row += settings.batch) {
    const { shape } = model
    const batch = randomBatch({ name: '', title: '', shape, batch: Math.min(settings.batch, rows - row) })
    for (const _ of statesOfSteps(model, model.weights, batch, settings.depth)) void _
  }
}

/** Records measurements in a temporary folder. */
async function recorded(
  settings: RolloutSettings,
  data: { readonly task: string; readonly seqLen: number },
  measures: AsyncIterable<StepMeasures> | Iterable<StepMeasures>,
): Promise<RecordingCost> {
  const folder = temporaryFolder('bench-think')
  try {
    const dir = path.join(folder, 'recording')
    const recorder = new Recorder(dir, headerOf(settings, data))
    for await (const step of measures) recorder.add(step)
    const { rows, seconds } = recorder.end()
    const size = (name: string): number => statSync(path.join(dir, name)).size
    return { rows, bytes: size(STEPS_FILE) + size(ANSWERS_FILE), seconds: seconds.recording }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function headerOf(settings: RolloutSettings, { task, seqLen }: { task: string; seqLen: number }): RecordingHeader {
  const none = { name: 'bench', hash: '' }
  return {
    ...{
      task,
      split: 'test',
      data: none,
      subset: { ...none, puzzles: 0 },
      versions: 1,
      seqLen,
      weights: none,
      settings,
    },
    ...{ guided: false, continues: false, macsPerStep: null, notes: {} },
  }
}

function synthetic({ puzzles = 1, rollouts = 1, depth = 1 }: ThinkRequest): Promise<RecordingCost> {
  const settings = rolloutSettings({ rollouts }, depth)
  const sizes = { puzzles, rollouts, depth, seqLen: 81, batch: settings.batch }
  return recorded(settings, { task: 'sudoku', seqLen: sizes.seqLen }, syntheticSteps(sizes))
}

void main()
