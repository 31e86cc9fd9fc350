import { UserError } from '../errors.js'
import { didYouMean } from '../options/nearest.js'
import type { RecordingFacts } from './facts.js'
import { rowAt, type StepArrays, type Unit } from './unit.js'

/** Selectors by name: how the answer of a puzzle is chosen from its rollouts. */
export const SELECTORS = {
  q: 'the rollout with the largest q_halt (PTRM, arXiv 2605.19943)',
  first: 'the rollout whose halting head is the first to halt, at that step (arXiv 2601.19085)',
  vote: 'the most frequent answer (PTRM: mode@K)',
  residual: 'the rollout whose logits changed least over the last three steps (EqR, arXiv 2605.21488)',
  margin: 'the rollout whose least certain cell has the largest margin',
  verifier: "a rollout whose answer is valid by the task's judge",
  guided: 'the particle with the largest weight times halting probability',
  oracle: 'a rollout whose answer is right, else one that meets most criteria of the judge (pass@K)',
} as const

/** Name of a selector. */
export type Selector = keyof typeof SELECTORS

/** Steps over which `residual` averages (EqR's `convergence_window`). */
const RESIDUAL_STEPS = 3

/**
 * Chooses a row among the first `rollouts` rollouts of a unit at a depth. Ties go to the larger q_halt, then to the lower
 * rollout. A rollout that left early takes part with its last row.
 */
type Choose = (unit: Unit, depth: number, rollouts: number) => number

const CHOOSE: Readonly<Record<Selector, Choose>> = {
  q: (unit, depth, rollouts) => best(unit, depth, rollouts, (row) => unit.arrays.qHalt[row]!),
  first: (unit, depth, rollouts) => haltFirst(unit, depth, rollouts),
  vote: (unit, depth, rollouts) => mostFrequent(unit, depth, rollouts),
  residual: (unit, depth, rollouts) => best(unit, depth, rollouts, (row) => -residualAt(unit.arrays, row)),
  margin: (unit, depth, rollouts) => best(unit, depth, rollouts, (row) => unit.arrays.margin[row]!),
  verifier: (unit, depth, rollouts) => best(unit, depth, rollouts, (row) => unit.arrays.criteria.valid![row]!),
  guided: (unit, depth, rollouts) =>
    best(unit, depth, rollouts, (row) => unit.arrays.logWeight![row]! + logSigmoid(unit.arrays.qHalt[row]!)),
  oracle: (unit, depth, rollouts) => best(unit, depth, rollouts, (row) => rightness(unit.arrays, row)),
}

/**
 * Returns the function of a selector.
 *
 * @throws UserError for an unknown selector, `verifier` for a task without a judge, and `guided` for rollouts that are not
 *   particles.
 */
export function chooser(selector: Selector, facts: Pick<RecordingFacts, 'task' | 'criteria' | 'guided'>): Choose {
  const where = `selector ${selector}`
  if (!Object.hasOwn(CHOOSE, selector)) {
    const names = Object.keys(SELECTORS)
    const todo = didYouMean(String(selector), names)
    throw new UserError({
      where: 'selector',
      expected: names.join(', '),
      found: String(selector),
      ...(todo ? { todo } : {}),
      exitCode: 2,
    })
  }
  if (selector === 'verifier' && !facts.criteria.includes('valid'))
    throw new UserError({
      where,
      expected: 'a task with a judge of answers',
      found: `${facts.task}, which has none`,
      todo: 'Choose another selector, e.g. q, or define the task with a judge.',
      exitCode: 2,
    })
  if (selector === 'guided' && !facts.guided)
    throw new UserError({
      where,
      expected: 'a recording of guided particles',
      found: 'one of independent rollouts',
      todo: 'Record particles (guide=0.25), or choose another selector, e.g. q.',
      exitCode: 2,
    })
  return CHOOSE[selector]
}

function best(unit: Unit, depth: number, rollouts: number, scoreOf: (row: number) => number): number {
  const { qHalt } = unit.arrays
  let chosen = rowAt(unit, 0, depth)
  let most = comparable(scoreOf(chosen))
  for (let rollout = 1; rollout < rollouts; rollout++) {
    const row = rowAt(unit, rollout, depth)
    const score = comparable(scoreOf(row))
    if (score < most || (score === most && comparable(qHalt[row]!) <= comparable(qHalt[chosen]!))) continue
    chosen = row
    most = score
  }
  return chosen
}

/** Orders the NaN of a diverged model below every number. */
function comparable(value: number): number {
  return Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value
}

function haltFirst(unit: Unit, depth: number, rollouts: number): number {
  const { qHalt } = unit.arrays
  let chosen = -1
  let least = depth + 1
  for (let rollout = 0; rollout < rollouts; rollout++) {
    const start = unit.starts[rollout]!
    const end = Math.min(unit.steps[rollout]!, least)
    for (let step = 1; step <= end; step++) {
      const row = start + step - 1
      if (!isHalted(unit.arrays, row)) continue
      if (step < least || qHalt[row]! > qHalt[chosen]!) chosen = row
      least = step
      break
    }
  }
  return chosen >= 0 ? chosen : CHOOSE.q(unit, depth, rollouts)
}

/**
 * Returns the row with the largest q_halt among those of the most frequent answer; ties of answers go to the larger sum of q_halt.
 * Rollouts that have diverged to NaN have no answer to vote for.
 */
function mostFrequent(unit: Unit, depth: number, rollouts: number): number {
  const { hash, qHalt } = unit.arrays
  const words = new Uint32Array(hash.buffer, hash.byteOffset, hash.length * 2)
  let chosen = -1
  let [mostVotes, mostSum] = [0, Number.NEGATIVE_INFINITY]
  const rows = new Int32Array(rollouts)
  const isCounted = new Uint8Array(rollouts)
  for (let rollout = 0; rollout < rollouts; rollout++) {
    const row = rowAt(unit, rollout, depth)
    rows[rollout] = row
    isCounted[rollout] = Number.isNaN(qHalt[row]!) ? 1 : 0
  }
  for (let first = 0; first < rollouts; first++) {
    if (isCounted[first]) continue
    let row = rows[first]!
    const [low, high] = [words[2 * row]!, words[2 * row + 1]!]
    let votes = 0
    let sum = 0
    for (let rollout = first; rollout < rollouts; rollout++) {
      const other = rows[rollout]!
      if (isCounted[rollout] || words[2 * other] !== low || words[2 * other + 1] !== high) continue
      isCounted[rollout] = 1
      votes++
      sum += qHalt[other]!
      if (qHalt[other]! > qHalt[row]!) row = other
    }
    if (votes < mostVotes || (votes === mostVotes && !(sum > mostSum))) continue
    chosen = row
    mostVotes = votes
    mostSum = sum
  }
  return chosen >= 0 ? chosen : CHOOSE.q(unit, depth, rollouts)
}

/** Returns infinity for the right answer, else the number of the judge's criteria that an answer meets. */
function rightness({ exact, criteria }: StepArrays, row: number): number {
  if (exact[row] === 1) return Number.POSITIVE_INFINITY
  return Object.values(criteria).reduce((met, flags) => met + flags[row]!, 0)
}

/** Returns whether the halting head halts after a row: q_halt > q_continue where that was trained, else q_halt > 0. */
export function isHalted({ qHalt, qContinue }: StepArrays, row: number): boolean {
  return qHalt[row]! > (qContinue ? qContinue[row]! : 0)
}

/**
 * Returns the mean change of the logits over the last three steps up to a row; infinity after the first step, so that a rollout
 * that left after it is not taken for one that has converged.
 */
function residualAt({ deltaLogits, step }: StepArrays, row: number): number {
  const count = Math.min(RESIDUAL_STEPS, step[row]! - 1)
  if (count === 0) return Number.POSITIVE_INFINITY
  let sum = 0
  for (let i = 0; i < count; i++) sum += deltaLogits[row - i]!
  return sum / count
}

/** Returns ln σ(x) without overflow. */
function logSigmoid(x: number): number {
  return x < 0 ? x - Math.log1p(Math.exp(x)) : -Math.log1p(Math.exp(-x))
}
