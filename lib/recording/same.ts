import { UserError } from '../errors.js'
import type { Named, RecordingFacts } from './facts.js'

/**
 * Checks that two recordings are of the same task, data, puzzles and weights; settings may differ.
 *
 * @throws UserError naming the first of them that differs.
 */
export function checkSame(a: RecordingFacts, b: RecordingFacts): void {
  const task = (facts: RecordingFacts): Named => ({ name: facts.task, hash: facts.task })
  const split = (facts: RecordingFacts): Named => ({ name: facts.split, hash: facts.split })
  for (const [what, own, other] of [
    ['task', task(a), task(b)],
    ['data', a.data, b.data],
    ['split', split(a), split(b)],
    ['puzzles', a.subset, b.subset],
    ['weights', a.weights, b.weights],
  ] as const)
    if (own.hash !== other.hash)
      throw new UserError({
        where: 'compare',
        expected: `a recording of the same ${what}, ${worded(own)}`,
        found: `a recording of other ${what}, ${worded(other)}`,
      })
}

function worded({ name, hash }: Named): string {
  return name === hash ? name : `${name} (${hash.slice(0, 12)})`
}
