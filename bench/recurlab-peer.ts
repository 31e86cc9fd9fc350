import { createInterface } from 'node:readline'
import { startBackend } from '../lib/backend/index.js'
import type { Dtype } from '../lib/backend/kernels.js'
import { evaluateBatch } from '../lib/evaluate/evaluate.js'
import { initialModel } from '../lib/model/model.js'
import { initialState, type TrainingState, trainStep } from '../lib/train/step.js'
import { benchStep, randomBatch, type Work, works } from './work.js'

interface Request {
  readonly do: string
  readonly work?: string
  readonly batch?: number
  readonly dtype?: Dtype
  readonly supervisionSteps?: number
}

/** Recurlab's side of `recurlab bench train` and `bench eval`; it accepts the same requests as `torch/peer.py`. */
async function main(): Promise<void> {
  await startBackend()
  let work: Work | undefined
  let state: TrainingState | undefined
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line) as Request
    const started = performance.now()
    let loss: number | undefined
    if (request.do === 'setup') {
      work = { ...works.find(({ name }) => name === request.work)!, batch: request.batch! }
      const model = initialModel(work.shape, 0).with({ dtype: request.dtype! })
      state = initialState(model, work.batch, benchStep.ema, 0)
    } else if (request.do === 'step') loss = trainStep(state!, randomBatch(work!), benchStep).lmLoss
    else if (request.do === 'eval')
      evaluateBatch(state!.model, state!.model.weights, randomBatch(work!), request.supervisionSteps!)
    const seconds = (performance.now() - started) / 1000
    const answer = { seconds, peakBytes: process.resourceUsage().maxRSS * 1024, loss }
    process.stdout.write(`${JSON.stringify(answer)}\n`)
  }
}

void main()
