import { UserError } from '../../lib/errors.js'
import { evaluateBatch } from '../../lib/evaluate/evaluate.js'
import type { Outputs } from '../../lib/model/heads.js'
import { disposeModel, modelFromTensors, modelTensors } from '../../lib/model/model.js'
import { publishedLatent } from '../../lib/model/shape.js'
import { disposeState, initialState, type StepInternals, type StepOptions, trainStep } from '../../lib/train/step.js'
import { type Reference, referenceBatch, referenceTensor, tensorsUnder } from './reference.js'
import { type ParityRow, ParityTable } from './table.js'
import { type Form, referenceForms } from './variant.js'

/**
 * Runs one variant's steps and evaluation through the functions that training uses, in every form of the variant, and
 * compares every stored number.
 *
 * @throws UserError for an unrecognised variant, or a stored tensor that is never compared.
 */
export function compareWithReference(reference: Reference): ParityRow[] {
  return referenceForms(reference).flatMap((form) => compareForm(reference, form))
}

function compareForm(reference: Reference, { name, shape }: Form): ParityRow[] {
  const { about } = reference
  const comparison = new Comparison(reference, name)
  const model = modelFromTensors(shape, tensorsUnder(reference, 'init/'))
  const state = initialState(model, about.batch_size, about.ema_rate, 0)
  about.steps.forEach((expected, i) => {
    const at = `step${i + 1}`
    const batch = referenceBatch(reference, `${at}/batch`)
    const report = trainStep(state, batch, stepOptions(reference), (internals) => comparison.step(at, internals))
    const { metrics } = expected
    comparison.numbers('losses', `${at}: loss`, [report.loss], [expected.loss])
    comparison.numbers('losses', `${at}: lm_loss`, [report.lmLoss], [metrics.lm_loss])
    comparison.numbers('losses', `${at}: q_halt_loss`, [report.qHaltLoss], [metrics.q_halt_loss])
    if (metrics.q_continue_loss !== undefined || report.qContinueLoss !== null)
      comparison.numbers(
        'losses',
        `${at}: q_continue_loss`,
        [report.qContinueLoss ?? Number.NaN],
        [metrics.q_continue_loss ?? Number.NaN],
      )
    const counts = [report.scored, report.exact, report.haltAccuracy, report.supervisionSteps]
    comparison.numbers('metrics', `${at}: counts`, counts, [
      metrics.count,
      metrics.exact_accuracy,
      metrics.q_halt_accuracy,
      metrics.steps,
    ])
    comparison.numbers('metrics', `${at}: accuracy`, [report.cells], [metrics.accuracy])
    comparison.numbers('learning rates', `${at}: lrs`, [report.lr], expected.lrs.slice(-1))
    if (shape.puzzleDim > 0)
      comparison.numbers('learning rates', `${at}: lrs`, [report.puzzleLr], expected.lrs.slice(0, 1))
  })
  for (const [name, tensor] of modelTensors(model)) comparison.tensor('weights after', `final/${name}`, tensor.data)
  for (const [name, tensor] of Object.entries(state.ema ?? {})) comparison.tensor('EMA', `ema/${name}`, tensor)
  const { sums } = evaluateBatch(
    model,
    model.weights,
    referenceBatch(reference, 'eval/batch'),
    about.eval.supervision_steps,
    {
      loss: lossOf(reference),
      see: ({ outputs, predictions, lmLoss, qHaltLoss }) => {
        comparison.tensor('evaluation', 'eval/out/logits', outputs.logits)
        comparison.tensor('evaluation', 'eval/out/q_halt_logits', outputs.qHalt)
        comparison.tensor('evaluation', 'eval/out/preds', predictions)
        const expected = about.eval.metrics
        comparison.numbers('evaluation', 'eval: losses', [lmLoss, qHaltLoss], [expected.lm_loss, expected.q_halt_loss])
      },
    },
  )
  const { count, accuracy, exact_accuracy, q_halt_accuracy, steps } = about.eval.metrics
  const counts = [sums.scored, sums.cells, sums.exact, sums.haltAccuracy, sums.supervisionSteps]
  comparison.numbers('evaluation', 'eval: metrics', counts, [count, accuracy, exact_accuracy, q_halt_accuracy, steps])
  disposeState(state)
  disposeModel(model)
  comparison.refuseUncompared()
  return comparison.rows()
}

/** The parity table of one form, with a record of the tensors that were compared. */
class Comparison {
  readonly #reference: Reference
  readonly #table: ParityTable
  readonly #compared = new Set<string>()

  constructor(reference: Reference, name: string) {
    this.#reference = reference
    this.#table = new ParityTable(name)
  }

  /** Compares with the stored tensor of that name. */
  tensor(quantity: string, name: string, actual: Parameters<ParityTable['compare']>[2]): void {
    this.#compared.add(name)
    this.#table.compare(quantity, name, actual, referenceTensor(this.#reference, name).data)
  }

  numbers(quantity: string, name: string, actual: readonly number[], expected: readonly number[]): void {
    this.#table.compare(quantity, name, actual, expected)
  }

  /** Compares the intermediate results of a step. */
  step(at: string, { outputs, predictions, continueTarget, gradients, puzzleGradients, carry }: StepInternals): void {
    for (const [name, tensor] of namedOutputs(outputs)) this.tensor('outputs', `${at}/out/${name}`, tensor)
    if (continueTarget) this.tensor('outputs', `${at}/out/target_q_continue`, continueTarget)
    this.tensor('predictions', `${at}/out/preds`, predictions)
    if ([...this.#reference.tensors.keys()].some((name) => name.startsWith(`${at}/grad/`))) {
      for (const [name, gradient] of Object.entries(gradients)) this.tensor('gradients', `${at}/grad/${name}`, gradient)
      if (puzzleGradients) this.tensor('gradients', `${at}/grad/puzzle_emb.local_weights`, puzzleGradients)
    }
    for (const [name, latent] of Object.entries(carry.state))
      this.tensor('carry', `${at}/carry/${publishedLatent(name)}`, latent)
    this.tensor('halting', `${at}/carry/steps`, carry.supervisionSteps)
    this.tensor('halting', `${at}/carry/halted`, carry.halted)
  }

  /** @throws UserError naming a stored tensor that is not an input and was never compared. */
  refuseUncompared(): void {
    const left = [...this.#reference.tensors.keys()].find(
      (name) => !this.#compared.has(name) && !name.startsWith('init/') && !name.includes('/batch/'),
    )
    if (left !== undefined)
      throw new UserError({
        where: `${this.#reference.name}.safetensors`,
        expected: 'tensors of this variant',
        found: `${left}, which it does not have`,
      })
  }

  rows(): ParityRow[] {
    return this.#table.rows()
  }
}

function namedOutputs({ logits, qHalt, qContinue }: Outputs) {
  return [
    ['logits', logits],
    ['q_halt_logits', qHalt],
    ['q_continue_logits', qContinue],
  ] as const
}

function lossOf(reference: Reference): StepOptions['loss'] {
  return reference.about.loss_type === 'softmax_cross_entropy' ? 'softmax' : 'stablemax'
}

function stepOptions(reference: Reference): StepOptions {
  const { about } = reference
  const schedule = { warmup: about.lr_warmup_steps, lrMinRatio: about.lr_min_ratio, totalSteps: about.steps.length }
  return {
    loss: lossOf(reference),
    optimizer: {
      kind: about.optimizer === 'adamw' ? 'adamw' : 'adamatan2',
      beta1: about.betas[0],
      beta2: about.betas[1],
      weightDecay: about.weight_decay,
    },
    schedule: { ...schedule, lr: about.lr },
    puzzleSchedule: { ...schedule, lr: about.puzzle_emb_lr },
    puzzleWeightDecay: about.puzzle_emb_weight_decay,
    ema: about.ema_rate,
    haltExploration: about.config.halt_exploration_prob,
  }
}
