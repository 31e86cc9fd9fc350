import { isFunctionRecord } from '../config/functions.js'
import { escapeHtml, NO_FORMULAS } from '../escape/html.js'
import { stepMacs } from '../model/macs.js'
import type { Model } from '../model/model.js'
import { recursionOf } from '../model/recursion.js'
import { type ModelShape, stacks, totalTokens } from '../model/shape.js'
import { countParameters, PUZZLE_TABLE } from '../model/weights.js'
import { bundleOf } from '../notebook/bundle.js'
import type { MimeBundle } from '../notebook/host.js'
import { grouped } from '../notebook/table.js'
import { pseudocodeLines } from '../recursion/pseudocode.js'

/** A row of the weights table. */
interface WeightRow {
  readonly [column: string]: string | number
  readonly part: string
  readonly weight: string
  readonly shape: string
  readonly parameters: number
}

/**
 * Returns a model's display: its recursion, its stacks and weights with their shapes, its number of parameters and the cost
 * of a step.
 */
export function modelBundle(model: Model): MimeBundle {
  const title = titleOf(model.shape)
  const code = recursionText(model.shape)
  const table = bundleOf(weightRows(model))
  const costs = costText(model)
  const html = [
    `<p class="${NO_FORMULAS}"><b>${escapeHtml(title)}</b></p>`,
    `<pre>${escapeHtml(code)}</pre>`,
    String(table['text/html']),
    `<p class="${NO_FORMULAS}">${costs.map(escapeHtml).join('<br>')}</p>`,
  ]
  return {
    'text/html': html.join('\n'),
    'text/plain': [title, '', code, '', table['text/plain'], '', ...costs].join('\n'),
  }
}

function titleOf({ model, mixer, hidden, layers, heads, K }: ModelShape): string {
  const name = { trm: 'Tiny Recursive Model', hrm: 'Hierarchical Reasoning Model', direct: 'Direct prediction' }[model]
  const builtIn = mixer === 'mlp' ? 'an MLP over the tokens' : `self-attention with ${heads} heads`
  const mixing = isFunctionRecord(mixer) ? `the mixer ${mixer.name}` : builtIn
  return `${name}: ${layers} ${layers === 1 ? 'layer' : 'layers'} with ${mixing}, D = ${hidden}, at most K = ${K} supervision steps`
}

/** Describes a supervision step, from the input to the heads. */
function recursionText(shape: ModelShape): string {
  const recursion = recursionOf(shape)
  const { latents, order, gradientUpdates } = recursion
  const gradient =
    gradientUpdates >= order.length
      ? 'all updates carry gradient'
      : `the last ${gradientUpdates} of ${order.length} updates carry gradient`
  const lines = pseudocodeLines(recursion, stacks(shape).length > 1 ? 'separate' : 'shared')
  return ['x ← embed(puzzle)', ...lines, `logits, qHalt ← heads(${latents[0]})`, `(${gradient})`].join('\n')
}

function weightRows({ shape, weights }: Model): WeightRow[] {
  const row = (part: string, weight: string, sizes: readonly number[]): WeightRow => ({
    part,
    weight,
    shape: `[${sizes.join(', ')}]`,
    parameters: sizes.reduce((a, b) => a * b, 1),
  })
  const rows = Object.entries(weights).map(([name, tensor]) => row(partOf(name, shape), name, tensor.shape))
  const { puzzleDim, puzzleIdentifiers } = shape
  return puzzleDim > 0 ? [row('puzzle embedding', PUZZLE_TABLE, [puzzleIdentifiers, puzzleDim]), ...rows] : rows
}

/** Returns the stack that a weight belongs to, named as in the pseudocode, with its block; else embedding or heads. */
function partOf(name: string, shape: ModelShape): string {
  const all = stacks(shape)
  const stack = all.find((one) => name.startsWith(`${one.name}.`))
  if (!stack) return name.startsWith('embed_') ? 'embedding' : 'heads'
  const net = all.length > 1 && stack === all[0] ? 'netY' : 'net'
  return `${net}, block ${Number(/\.layers\.(\d+)\./.exec(name)?.[1] ?? 0) + 1} of ${stack.layers}`
}

function costText({ shape, dtype }: Model): string[] {
  const { forward, training } = stepMacs(shape)
  const aside = isFunctionRecord(shape.mixer) ? `, without the mixer ${shape.mixer.name}` : ''
  return [
    `${grouped(countParameters(shape))} parameters; L = ${totalTokens(shape)} tokens (${shape.puzzleTokens} of the puzzle embedding), V = ${shape.vocabSize}`,
    `${grouped(forward)} MACs of a supervision step and puzzle, ${grouped(training)} with the backward pass${aside}; blocks in ${dtype}`,
  ]
}
