import * as tf from '@tensorflow/tfjs-core'
import { UserError } from '../../errors.js'
import { checkShape, type ModelShape } from '../../model/shape.js'
import { disposeModel, hostTensor, modelFromTensors, modelTensors } from '../../model/weights.js'
import { disposeState, initialState, type StepOptions, trainStep } from '../../train/step.js'
import { evaluateBatch } from '../evaluate.js'
import { type Reference, type ReferenceMetrics, referenceBatch, referenceTensor, tensorsUnder } from './reference.js'

/** One line of the parity table. */
export interface ParityRow {
  readonly variant: string
  readonly quantity: string
  /** Largest difference, relative to the largest magnitude of the reference tensor it is in. */
  readonly error: number
  /** Where that was. */
  readonly worst: string
}

/**
 * Runs one variant's three steps and its evaluation through the very functions that training uses, and compares
 * every stored number.
 *
 * @throws UserError for a variant that this build does not have.
 */
export function compareWithReference(reference: Reference): ParityRow[] {
  const { about } = reference
  const shape = referenceShape(reference)
  const model = modelFromTensors(shape, tensorsUnder(reference, 'init/'))
  const state = initialState(model, about.batch_size, about.ema_rate, 0)
  const table = new ParityTable(reference.name)
  about.steps.forEach((expected, i) => {
    const at = `step${i + 1}`
    const report = trainStep(state, referenceBatch(reference, `${at}/batch`), stepOptions(reference), (internals) => {
      const { outputs, predictions, gradients, puzzleGradients, carry } = internals
      for (const [name, tensor] of namedOutputs(outputs))
        table.tensor('outputs', `${at}/out/${name}`, reference, tensor)
      table.tensor('predictions', `${at}/out/preds`, reference, predictions)
      if (i === 0) {
        for (const [name, gradient] of Object.entries(gradients))
          table.tensor('gradients', `${at}/grad/${name}`, reference, gradient)
        if (puzzleGradients)
          table.tensor('gradients', `${at}/grad/puzzle_emb.local_weights`, reference, puzzleGradients)
      }
      table.tensor('carry', `${at}/carry/z_H`, reference, carry.y)
      table.tensor('carry', `${at}/carry/z_L`, reference, carry.z)
      table.tensor('halting', `${at}/carry/steps`, reference, carry.steps)
      table.tensor('halting', `${at}/carry/halted`, reference, carry.halted)
    })
    table.numbers('losses', `${at}: loss`, [report.loss], [expected.loss])
    table.metrics(at, { ...report, lm_loss: report.lmLoss, q_halt_loss: report.qHaltLoss }, expected.metrics)
    table.numbers('learning rates', `${at}: lrs`, [report.lr], expected.lrs.slice(-1))
    if (shape.puzzleDim > 0) table.numbers('learning rates', `${at}: lrs`, [report.puzzleLr], expected.lrs.slice(0, 1))
  })
  for (const [name, tensor] of modelTensors(model))
    table.tensor('weights after', `final/${name}`, reference, tensor.data)
  for (const [name, tensor] of Object.entries(state.ema ?? {})) table.tensor('EMA', `ema/${name}`, reference, tensor)
  const { sums } = evaluateBatch(
    model,
    model.weights,
    referenceBatch(reference, 'eval/batch'),
    about.eval.supervision_steps,
    {
      loss: lossOf(reference),
      see: ({ outputs, predictions, lmLoss, qHaltLoss }) => {
        table.tensor('evaluation', 'eval/out/logits', reference, outputs.logits)
        table.tensor('evaluation', 'eval/out/q_halt_logits', reference, outputs.qHalt)
        table.tensor('evaluation', 'eval/out/preds', reference, predictions)
        const expected = about.eval.metrics
        table.numbers('evaluation', 'eval: losses', [lmLoss, qHaltLoss], [expected.lm_loss, expected.q_halt_loss])
      },
    },
  )
  const { count, accuracy, exact_accuracy, q_halt_accuracy, steps } = about.eval.metrics
  table.numbers(
    'evaluation',
    'eval: metrics',
    [sums.count, sums.accuracy, sums.exact, sums.halt, sums.steps],
    [count, accuracy, exact_accuracy, q_halt_accuracy, steps],
  )
  disposeState(state)
  disposeModel(model)
  return table.rows()
}

/** The shape that a reference's configuration describes. @throws UserError when this build lacks the variant. */
function referenceShape(reference: Reference): ModelShape {
  const { config } = reference.about
  const names = [...reference.tensors.keys()]
  const lacks = (what: string): UserError =>
    new UserError({
      where: `variant ${reference.name}`,
      expected: 'a TRM with one network, y and z, and no continue loss',
      found: what,
      todo: 'Leave it out with --only.',
    })
  if (names.some((name) => name.startsWith('init/H_level'))) throw lacks('a second stack of layers (H_level)')
  if (!names.includes('init/H_init')) throw lacks('a single z')
  if (!names.includes('init/L_init')) throw lacks('a multi-scale z')
  if (!config.no_ACT_continue) throw lacks('the continue loss')
  const shape: ModelShape = {
    mixer: config.mlp_t ? 'mlp' : 'attention',
    hidden: config.hidden_size,
    heads: config.num_heads,
    layers: config.L_layers,
    expansion: config.expansion,
    positions: config.pos_encodings,
    T: config.H_cycles,
    n: config.L_cycles,
    K: config.halt_max_steps,
    puzzleTokens: config.puzzle_emb_len || Math.ceil(config.puzzle_emb_ndim / config.hidden_size),
    puzzleDim: config.puzzle_emb_ndim,
    puzzleIdentifiers: config.num_puzzle_identifiers,
    vocabSize: config.vocab_size,
    seqLen: config.seq_len,
  }
  checkShape(shape)
  return shape
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

function namedOutputs(outputs: { logits: tf.Tensor; qHalt: tf.Tensor; qContinue: tf.Tensor }): [string, tf.Tensor][] {
  return [
    ['logits', outputs.logits],
    ['q_halt_logits', outputs.qHalt],
    ['q_continue_logits', outputs.qContinue],
  ]
}

/** Gathers the largest error of each quantity. */
class ParityTable {
  readonly #variant: string
  readonly #worst = new Map<string, ParityRow>()

  constructor(variant: string) {
    this.#variant = variant
  }

  /** Compares with the stored tensor of that name. */
  tensor(quantity: string, name: string, reference: Reference, actual: tf.Tensor | ArrayLike<number>): void {
    const values = actual instanceof tf.Tensor ? hostTensor(actual).data : actual
    this.numbers(quantity, name, values, referenceTensor(reference, name).data)
  }

  /** Compares numbers, relative to the largest magnitude expected among them. */
  numbers(quantity: string, name: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
    const error = relativeError(actual, expected)
    const previous = this.#worst.get(quantity)
    if (!previous || !(error <= previous.error))
      this.#worst.set(quantity, { variant: this.#variant, quantity, error, worst: name })
  }

  /** Compares a step's metric sums and losses. */
  metrics(
    at: string,
    actual: {
      count: number
      accuracy: number
      exact: number
      halt: number
      steps: number
      lm_loss: number
      q_halt_loss: number
    },
    expected: ReferenceMetrics,
  ): void {
    this.numbers('losses', `${at}: lm_loss`, [actual.lm_loss], [expected.lm_loss])
    this.numbers('losses', `${at}: q_halt_loss`, [actual.q_halt_loss], [expected.q_halt_loss])
    this.numbers(
      'metrics',
      `${at}: counts`,
      [actual.count, actual.exact, actual.halt, actual.steps],
      [expected.count, expected.exact_accuracy, expected.q_halt_accuracy, expected.steps],
    )
    this.numbers('metrics', `${at}: accuracy`, [actual.accuracy], [expected.accuracy])
  }

  rows(): ParityRow[] {
    return [...this.#worst.values()]
  }
}

/**
 * max |actual - expected| / max |expected|; the plain difference where all expected are 0; infinite when the counts
 * differ or a number is missing.
 */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  if (actual.length !== expected.length) return Number.POSITIVE_INFINITY
  let difference = 0
  let magnitude = 0
  for (let i = 0; i < expected.length; i++) {
    const d = Math.abs(actual[i]! - expected[i]!)
    if (Number.isNaN(d)) return Number.POSITIVE_INFINITY
    if (d > difference) difference = d
    if (Math.abs(expected[i]!) > magnitude) magnitude = Math.abs(expected[i]!)
  }
  return magnitude > 0 ? difference / magnitude : difference
}
