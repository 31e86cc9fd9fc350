import { UserError } from '../../errors.js'
import { didYouMean } from '../../options/nearest.js'

/** Returns the error of a metric that an evaluation of these puzzles does not have. */
export function unknownMetric(metric: string, known: readonly string[]): UserError {
  const near = didYouMean(metric, known)
  return new UserError({
    where: `metric ${metric}`,
    expected: known.length === 0 ? 'puzzles with known answers' : `one of ${known.join(', ')}`,
    found: known.length === 0 ? 'none' : 'a metric that these puzzles do not have',
    ...(near === undefined ? {} : { todo: near }),
    exitCode: 2,
  })
}
