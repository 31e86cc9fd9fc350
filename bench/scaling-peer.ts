import { createInterface } from 'node:readline'
import * as tf from '@tensorflow/tfjs-core'
import { startBackend } from '../lib/backend/index.js'
import { parseConfig } from '../lib/config/parse.js'
import { resolveConfig } from '../lib/config/resolved.js'
import type { ConfigInput } from '../lib/config/schema.js'
import { datasetOf } from '../lib/experiment/data/dataset.js'
import { estimateRun } from '../lib/experiment/estimate/estimate.js'
import { middle } from '../lib/experiment/estimate/trial.js'
import { chooseDtype } from '../lib/experiment/run/dtype.js'
import { modelShape, newSampler, stepOptions, totalSteps } from '../lib/experiment/run/resolve.js'
import { createModel } from '../lib/model/weights.js'
import { initialState, trainStep } from '../lib/train/step.js'

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
  /** What the cost model alone predicts; of real steps the same as `seconds`. */
  readonly modelled: number
  /** Of the tensors, predicted; or what the process grew by. */
  readonly peakBytes: number
  readonly microBatch: number
  /** Seconds of a fixed matrix product, in the middle of those before and after the work. */
  readonly canary: number
}

/** Real steps at least, and seconds; the first steps are not counted. */
const STEPS = 3
const SECONDS = 2
const WARM = 1

async function answer(request: ScalingRequest): Promise<ScalingAnswer> {
  await startBackend()
  const config = parseConfig(request.config)
  const resolved = resolveConfig(config)
  const data = await datasetOf(config)
  const shape = modelShape(config, data.manifest)
  const steps = totalSteps(resolved, data)
  if (request.do === 'estimate') {
    const before = canary()
    const { stepSeconds, modelledSeconds, peakBytes, microBatch } = await estimateRun(config, shape, data, steps)
    return {
      seconds: stepSeconds,
      modelled: modelledSeconds,
      peakBytes,
      microBatch,
      canary: middle([...before, ...canary()]),
    }
  }
  const microBatch = request.microBatch ?? config.batch
  const resident = process.memoryUsage.rss()
  const model = { ...createModel(shape, config.seed), dtype: chooseDtype(config.dtype) }
  const state = initialState(model, config.batch, config.ema, config.seed)
  const sampler = newSampler(resolved, data)
  const options = stepOptions(resolved, steps, microBatch)
  const before = canary()
  const all: number[] = []
  for (let total = 0; all.length < WARM + STEPS || total < SECONDS; total += all.at(-1)!) {
    const started = performance.now()
    trainStep(state, sampler.next(), options)
    all.push((performance.now() - started) / 1000)
  }
  const seconds = middle(all.slice(WARM))
  const peakBytes = process.resourceUsage().maxRSS * 1024 - resident
  return { seconds, modelled: seconds, peakBytes, microBatch, canary: middle([...before, ...canary()]) }
}

/** Products of a canary. */
const PRODUCTS = 30

/** Seconds of matrix products that never change. */
function canary(): number[] {
  const a = tf.ones([768, 768])
  const all = Array.from({ length: PRODUCTS }, () => {
    const started = performance.now()
    tf.dispose(tf.matMul(a, a))
    return (performance.now() - started) / 1000
  })
  a.dispose()
  return all
}

async function main(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as ScalingRequest))}\n`)
}

void main()
