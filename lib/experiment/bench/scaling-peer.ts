import { createInterface } from 'node:readline'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../../backend/index.js'
import { parseConfig } from '../../config/parse.js'
import type { ConfigInput } from '../../config/schema.js'
import { createModel } from '../../model/weights.js'
import { initialState, trainStep } from '../../train/step.js'
import { datasetOf } from '../dataset.js'
import { chooseDtype } from '../dtype.js'
import { estimateRun } from '../estimate.js'
import { modelShape, newSampler, stepOptions, totalSteps } from '../resolve.js'

/** What a process of `recurlab bench scaling` is asked for. */
export interface ScalingRequest {
  /** An estimate as `recurlab train` makes it, or real steps. */
  readonly do: 'estimate' | 'measure'
  readonly config: ConfigInput
  /** For real steps. */
  readonly microBatch?: number
}

/** What it answers. */
export interface ScalingAnswer {
  /** Of a step, predicted; or in the middle of those made. */
  readonly seconds: number
  /** Of the tensors, predicted; or what the process grew by. */
  readonly peakBytes: number
  readonly microBatch: number
  /** Seconds of a fixed matrix product in the quietest moment beside the work. */
  readonly canary: number
}

/** Real steps at least, and seconds; the first steps are not counted. */
const STEPS = 3
const SECONDS = 2
const WARM = 1

async function answer(request: ScalingRequest): Promise<ScalingAnswer> {
  await startBackend()
  const config = parseConfig(request.config)
  const data = await datasetOf(config)
  const shape = modelShape(config, data.manifest)
  const steps = totalSteps(config, data)
  if (request.do === 'estimate') {
    const before = canary()
    const { stepSeconds, peakBytes, microBatch } = await estimateRun(config, shape, data, steps)
    return { seconds: stepSeconds, peakBytes, microBatch, canary: Math.min(before, canary()) }
  }
  const microBatch = request.microBatch ?? config.batch
  const resident = process.memoryUsage.rss()
  const model = { ...createModel(shape, config.seed), dtype: chooseDtype(config.dtype) }
  const state = initialState(model, config.batch, config.ema, config.seed)
  const sampler = newSampler(config, data)
  const options = stepOptions(config, steps, microBatch)
  let quiet = canary()
  const all: number[] = []
  for (let total = 0; all.length < WARM + STEPS || total < SECONDS; total += all.at(-1)!) {
    const started = performance.now()
    trainStep(state, sampler.next(), options)
    all.push((performance.now() - started) / 1000)
  }
  quiet = Math.min(quiet, canary())
  const timed = all.slice(WARM).sort((a, b) => a - b)
  const seconds = timed[Math.floor(timed.length / 2)]!
  const peakBytes = process.resourceUsage().maxRSS * 1024 - resident
  return { seconds, peakBytes, microBatch, canary: quiet }
}

/** Seconds of a matrix product that never changes. */
function canary(): number {
  let best = Number.POSITIVE_INFINITY
  const a = tf.ones([768, 768])
  for (let i = 0; i < 5; i++) {
    const started = performance.now()
    tf.dispose(tf.matMul(a, a))
    best = Math.min(best, (performance.now() - started) / 1000)
  }
  a.dispose()
  return best
}

for await (const line of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as ScalingRequest))}\n`)
