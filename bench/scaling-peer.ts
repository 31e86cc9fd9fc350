import { rmSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { startBackend } from '../lib/backend/index.js'
import { parseConfig } from '../lib/config/parse.js'
import { resolveConfig } from '../lib/config/resolved.js'
import type { ConfigInput } from '../lib/config/schema.js'
import { datasetOf } from '../lib/experiment/data/dataset.js'
import { estimateMemory } from '../lib/experiment/estimate/memory.js'
import type { RunTimes } from '../lib/experiment/estimate/run-times.js'
import { runWork } from '../lib/experiment/estimate/work.js'
import { chooseDtype } from '../lib/experiment/run/dtype.js'
import { newSampler, stepOptions, totalSteps } from '../lib/experiment/run/resolve.js'
import { temporaryFolder } from '../lib/files/temporary.js'
import { configuredShape } from '../lib/model/configured.js'
import { initialModel } from '../lib/model/model.js'
import { initialState, trainStep } from '../lib/train/step.js'
import { middle } from './rounds.js'

/** The request to a process of `recurlab bench scaling`. */
export interface ScalingRequest {
  /** `estimate`: the memory estimate of `recurlab train`; `steps`: real steps; `run`: a short run with evaluations. */
  readonly do: 'estimate' | 'steps' | 'run'
  readonly config: ConfigInput
  /** For `steps`. */
  readonly microBatch?: number
  /** For `run`: determines its length. */
  readonly stepSeconds?: number
}

/** The answer; NaN for values that were not requested. */
export interface ScalingAnswer {
  /** Seconds of the estimate, of the median step, or of the run. */
  readonly seconds: number
  /** Estimated bytes, or bytes that the process grew by in its steps. */
  readonly bytes: number
  readonly microBatch: number
  /** Seconds into the run until its time left is known, and its length as predicted then. */
  readonly knownAfterSeconds: number
  readonly predictedSeconds: number
}

const NOTHING: ScalingAnswer = {
  seconds: Number.NaN,
  bytes: Number.NaN,
  microBatch: Number.NaN,
  knownAfterSeconds: Number.NaN,
  predictedSeconds: Number.NaN,
}

/** Minimum number of real steps, and seconds of them; the first steps are not counted. */
const STEPS = 3
const SECONDS = 2
const WARM = 1

/** Seconds of steps in a run, excluding its two evaluations, and its minimum number of steps. */
const RUN_SECONDS = 6
const RUN_STEPS = 4

async function answer(request: ScalingRequest): Promise<ScalingAnswer> {
  await startBackend()
  if (request.do === 'estimate') return await estimate(request)
  return request.do === 'steps' ? await steps(request) : await run(request)
}

async function estimate(request: ScalingRequest): Promise<ScalingAnswer> {
  const config = parseConfig(request.config)
  const work = runWork(config, await datasetOf(config))
  const started = performance.now()
  const { microBatch, peakBytes } = estimateMemory(work)
  return { ...NOTHING, seconds: (performance.now() - started) / 1000, bytes: peakBytes, microBatch }
}

async function steps(request: ScalingRequest): Promise<ScalingAnswer> {
  const config = parseConfig(request.config)
  const resolved = resolveConfig(config)
  const data = await datasetOf(config)
  const microBatch = request.microBatch ?? config.batch
  const resident = process.memoryUsage.rss()
  const model = initialModel(configuredShape(resolved, data.manifest), config.seed).with({
    dtype: chooseDtype(config.dtype),
  })
  const state = initialState(model, config.batch, config.ema, config.seed)
  const sampler = newSampler(resolved, data)
  const options = stepOptions(resolved, totalSteps(resolved, data), microBatch)
  const all: number[] = []
  for (let total = 0; all.length < WARM + STEPS || total < SECONDS; total += all.at(-1)!) {
    const started = performance.now()
    trainStep(state, sampler.next(), options)
    all.push((performance.now() - started) / 1000)
  }
  const bytes = process.resourceUsage().maxRSS * 1024 - resident
  return { ...NOTHING, seconds: middle(all.slice(WARM)), bytes, microBatch }
}

async function run(request: ScalingRequest): Promise<ScalingAnswer> {
  // The process that measures the memory of steps loads nothing else.
  const { train } = await import('../lib/experiment/run/train.js')
  const { RunTimes } = await import('../lib/experiment/estimate/run-times.js')
  const trainSteps = Math.max(RUN_STEPS, Math.ceil(RUN_SECONDS / (request.stepSeconds ?? 1)))
  const evaluations = { testPuzzles: 100, evalSupervisionSteps: 4, evalEvery: Math.ceil(trainSteps / 2) }
  const resultsDir = temporaryFolder('scaling')
  let times: RunTimes | null = null
  let [started, ended, knownAfterSeconds, predictedSeconds] = [0, 0, Number.NaN, Number.NaN]
  const now = (): number => performance.now() / 1000
  const look = (): void => {
    const left = times?.left()
    if (!left || left.rough || !Number.isNaN(predictedSeconds)) return
    knownAfterSeconds = now() - started
    predictedSeconds = knownAfterSeconds + left.seconds
  }
  try {
    await train(
      { ...request.config, ...evaluations, trainSteps, epochs: null },
      {
        resultsDir,
        observer: {
          onStart: ({ work, step }) => {
            started = now()
            times = new RunTimes([work], [step])
          },
          onStep: ({ step, trainSeconds }) => {
            times?.step(step, trainSeconds)
            look()
          },
          onEvaluationTime: (seconds) => {
            times?.takes('evaluation', seconds)
            look()
          },
          onEvaluating: (step, done, puzzles, seconds) => times?.evaluating(step, done, puzzles, seconds),
          onEnd: () => {
            ended = now()
          },
        },
      },
    )
  } finally {
    rmSync(resultsDir, { recursive: true, force: true })
  }
  return { ...NOTHING, seconds: ended - started, knownAfterSeconds, predictedSeconds }
}

async function main(): Promise<void> {
  for await (const line of createInterface({ input: process.stdin }))
    process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line) as ScalingRequest))}\n`)
}

void main()
